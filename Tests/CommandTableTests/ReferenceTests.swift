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

    private func compare(_ text: String, with name: String) throws {
        let folder = #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
        let path = "/\(folder)/Docs/Reference/\(name)"
        if getenv("REWRITE") != nil { try TextFile.write(text, to: path) }
        let kept = try TextFile.read(path)
        #expect(kept == text, "Docs/Reference/\(name) is old: write it anew with REWRITE=1")
    }
}
