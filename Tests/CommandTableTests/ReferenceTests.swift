import CommandModel
import CommandTable
import Testing
import UnderstudyCommands

#if canImport(Glibc)
    import Glibc
#endif

/// Pages that are made from the table and kept in the project, so that a change of one is seen.
/// `REWRITE=1 swift test --filter Reference` writes them anew.
@Suite struct ReferenceTests {
    @Test func `the page of the commands is what the table says`() throws {
        try compare(
            UnderstudyCommands.table.markdown(
                title: "Commands", statements: UnderstudyCommands.statements),
            with: "Commands.md")
    }

    @Test func `the page of the events is what their declarations say`() throws {
        try compare(EventPage.markdown, with: "Events.md")
        let names = UnderstudyEvents.known.map(\.name)
        #expect(Set(names).count == names.count)
    }

    @Test func `the manual pages are what the table says`() throws {
        for name in ManualPages.names {
            try compare(try #require(ManualPages.page(name)), with: "man/\(name)")
        }
    }

    @Test(.enabled(if: Scratch.has("groff"))) func `the formatter takes the manual pages`() throws {
        let folder = try Scratch()
        defer { folder.remove() }
        for name in ManualPages.names {
            let path = try folder.write(name, try #require(ManualPages.page(name)))
            let complaints = try Scratch.run("groff -ww -man -z -Tutf8 -rLL=100n \(path)")
            #expect(complaints.isEmpty, "\(name): \(complaints.prefix(5))")
        }
        // What it shows is what was meant: quotes, dots at the start of a line, backslashes.
        var manual = Manual(
            "sample", section: 1, source: "s", manual: "m", summary: "a 'summary' - with marks")
        manual.section(
            "Section",
            [
                .paragraph(".dot, 'quote', \\n and `bold`"),
                .lines(["'line", ".line", "", "a  b"]),
                .item("-x \"v\"", "means … more"),
            ])
        let path = try folder.write("sample.1", manual.page)
        let shown = try Scratch.run("groff -ww -man -Tascii -P-cbou -rLL=78n \(path)")
        for line in [
            "sample - a 'summary' - with marks", ".dot, 'quote', \\n and bold", "'line", ".line",
            "a  b", "-x \"v\"", "means ... more",
        ] { #expect(shown.contains { $0.contains(line) }, "\(line) in \(shown)") }
    }

    private func compare(_ text: String, with name: String) throws {
        let folder = #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
        let path = "/\(folder)/Docs/Reference/\(name)"
        if getenv("REWRITE") != nil { try TextFile.write(text, to: path) }
        // Not the texts themselves: a failure would print them whole.
        let isSame = try TextFile.read(path) == text
        #expect(isSame, "Docs/Reference/\(name) is old: write it anew with REWRITE=1")
    }
}
