import Foundation

/// One file below `Sources`, as the rules see it.
struct SourceFile {
    /// The module that it belongs to: the first folder below `Sources`.
    let room: String
    /// From `Sources` on.
    let path: String
    let lines: [String]

    init(path: String, text: String) {
        self.path = path
        room = path.split(separator: "/").first.map(String.init) ?? ""
        lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    }

    /// The lines without what follows `//`, so that words about code are not taken for code.
    var code: [String] {
        lines.map { line in
            line.range(of: "//").map { String(line[..<$0.lowerBound]) } ?? line
        }
    }

    /// Modules that the file imports, with their lines' numbers.
    var imports: [(module: String, line: Int)] {
        code.enumerated().compactMap { number, line in
            let words = line.split(separator: " ").map(String.init)
            guard let at = words.firstIndex(of: "import"), at + 1 < words.count,
                words[..<at].allSatisfy({ Self.importWords.contains($0) })
            else { return nil }
            // `import struct Module.Name` names a declaration.
            let name = words[words.count - 1].split(separator: ".").first ?? ""
            return (String(name), number + 1)
        }
    }

    private static let importWords: Set<String> = [
        "public", "package", "internal", "fileprivate", "private", "@preconcurrency", "@testable",
    ]

    // MARK: All of them

    static let project = URL(fileURLWithPath: #filePath).resolvingSymlinksInPath()
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().path

    /// Every Swift file of the project's own.
    static let all: [SourceFile] = {
        let folder = project + "/Sources"
        let names = FileManager.default.enumerator(atPath: folder)?.compactMap { $0 as? String }
        return (names ?? []).filter { $0.hasSuffix(".swift") }.sorted().compactMap { name in
            let text = try? String(contentsOfFile: folder + "/" + name, encoding: .utf8)
            return text.map { SourceFile(path: name, text: $0) }
        }
    }()

    static let manifest: String =
        (try? String(contentsOfFile: project + "/Package.swift", encoding: .utf8)) ?? ""
}
