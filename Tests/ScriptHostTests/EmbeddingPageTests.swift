import Testing

/// `Docs/Embedding.md` shows nothing but pieces of the example package.
@Suite struct EmbeddingPageTests {
    private static let root = #filePath.split(separator: "/").dropLast(3)
        .map { "/\($0)" }.joined()

    private static let example = [
        "Package.swift", "Hooks/dry.lua", "Hooks/frost.dtcl", "Scripts/evening.dtcl",
        "Scripts/notify.sh", "Sources/Garden/Commands.swift", "Sources/Garden/Editor.swift",
        "Sources/Garden/Garden.swift", "Sources/Garden/Terminal.swift",
    ].map { PageText.read("\(root)/Docs/Examples/Embedding/\($0)") }

    /// The texts between ``` lines.
    private static func blocks(of page: String) -> [String] {
        page.split(separator: "```", omittingEmptySubsequences: false).enumerated()
            .filter { !$0.offset.isMultiple(of: 2) }
            .map { String($0.element.drop { $0 != "\n" }.dropFirst()) }
    }

    @Test func `every piece of code on the page is a piece of the example`() throws {
        let blocks = Self.blocks(of: PageText.read("\(Self.root)/Docs/Embedding.md"))
        try #require(blocks.count > 8, "the page is not found")
        for file in Self.example { #expect(!file.isEmpty) }
        for block in blocks {
            #expect(Self.example.contains { $0.contains(block) }, "\(block)")
        }
    }
}
