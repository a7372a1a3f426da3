import CommandModel

/// `Docs/Reference/Events.md`, made from the declarations.
public enum EventPage {
    public static let markdown: String = {
        var lines = [
            "# Events", "",
            "Made from the declarations of the events; do not edit. `REWRITE=1 swift test "
                + "--filter Reference` writes it anew.", "",
            "What hooks can hear of (`HOOK ADD`, `dt.on`, `# on`), and what EVENTS shows. Each "
                + "also has `name`, `sequence` (they are counted from the server's start) and "
                + "`time` (seconds since 1970). Names that begin with `before.` ask; the others "
                + "tell.",
        ]
        for event in UnderstudyEvents.known {
            lines += ["", "## \(event.name)", "", sentence(event.summary)]
            guard !event.fields.isEmpty else { continue }
            lines += ["", "| fact | |", "| --- | --- |"]
            for field in event.fields { lines.append("| `\(field.name)` | \(field.summary) |") }
        }
        return lines.joined(separator: "\n") + "\n"
    }()

    private static func sentence(_ text: String) -> String {
        text.prefix(1).uppercased() + text.dropFirst() + "."
    }
}
