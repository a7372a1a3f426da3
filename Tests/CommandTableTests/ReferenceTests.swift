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

    @Test func `the page of the errors is what the table says`() throws {
        try compare(ErrorPage.markdown, with: "Errors.md")
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
