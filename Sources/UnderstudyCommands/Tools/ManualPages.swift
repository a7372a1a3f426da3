import CommandTable

/// The manual pages of the product, for `man(1)`.
public enum ManualPages {
    private static let source = "Understudy"

    /// By the names of their files.
    public static let names = ["dtcl.1", "dtcl.7", "understudyd.8"]

    /// nil for a page that does not exist.
    public static func page(_ name: String) -> String? {
        switch name {
        case "dtcl.1": dtcl1
        case "dtcl.7": dtcl7
        case "understudyd.8": understudyd8
        default: nil
        }
    }

    private static var dtcl1: String {
        DtclTool.description.manual(section: 1, source: source, manual: "User Commands")
    }

    private static var dtcl7: String {
        UnderstudyCommands.table.manual(
            name: "dtcl", source: source, manual: "The Command Language",
            seeAlso: ["`dtcl`(1)", "`understudyd`(8)"])
    }

    private static var understudyd8: String {
        UnderstudydTool.description.manual(
            section: 8, source: source, manual: "System Administration")
    }
}
