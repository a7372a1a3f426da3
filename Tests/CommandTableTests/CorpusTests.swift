import CommandModel
import CommandTable
import DTCLSyntax
import Testing
import UnderstudyCommands

#if canImport(Glibc)
    import Glibc
#endif

@Suite struct CorpusTests {
    @Test func `every line of the corpus is bound as written there`() throws {
        try Corpus("bind").check { line in CorpusTests.answer(to: line) }
        try Corpus("examples").check { line in CorpusTests.answer(to: line) }
    }

    @Test func `a line with mistakes is told what they are`() throws {
        try Corpus("broken").check { line in CorpusTests.answer(to: line) }
    }

    @Test func `accepted short forms stay accepted`() throws {
        try Corpus("abbreviations").check { line in CorpusTests.answer(to: line) }
    }

    static func answer(to line: String) -> [String] {
        let script = Script.parse(line)
        if script.hasErrors { return script.diagnostics.map { "syntax: \($0.message)" } }
        guard let command = script.commands.first else { return ["no command"] }
        let binding = UnderstudyCommands.table.bind(command)
        guard let bound = binding.command else {
            return binding.diagnostics.flatMap { describe($0, in: script.source) }
        }
        let values = command.words.indices.filter { command.words[$0].isDynamic }
        var filled: [Int: CommandValue] = [:]
        for index in values { filled[index] = sample(for: command.words[index]) }
        do {
            let request = try bound.request(values: filled)
            let state = bound.declaration.isAvailable ? "" : "later: "
            return [
                state + request.command + " " + JSONWriter.text(of: .record(request.arguments))
            ]
        } catch {
            return ["run: \(error.code) \(error.message)"]
        }
    }

    /// Stands for what the variables would hold.
    private static func sample(for word: Word) -> CommandValue {
        switch word.raw {
        case "$n", "$id": .integer(7)
        default: .text(word.raw)
        }
    }

    private static func describe(_ diagnostic: Diagnostic, in source: SourceText) -> [String] {
        let column = LineTable(source).position(of: diagnostic.range.lower).column
        return ["\(diagnostic.id) at \(column): \(diagnostic.message)"]
            + diagnostic.notes.map { "    \($0.message)" }.filter { !$0.contains("usage: ") }
    }
}

/// A file of lines with the expected answers indented beneath them.
struct Corpus {
    let path: String
    private let lines: [String]

    init(_ name: String, folder: String = #filePath) throws {
        let folder = folder.split(separator: "/", omittingEmptySubsequences: false).dropLast()
        path = folder.joined(separator: "/") + "/Corpus/\(name).txt"
        lines = try TextFile.read(path).split(separator: "\n", omittingEmptySubsequences: false)
            .map(String.init)
    }

    func check(_ answer: (String) -> [String]) throws {
        var rewritten: [String] = []
        for line in lines where !line.hasPrefix("    ") {
            rewritten.append(line)
            if line.isEmpty || line.hasPrefix("#") { continue }
            rewritten += answer(line).map { "    " + $0 }
        }
        if getenv("REWRITE") != nil {
            try TextFile.write(rewritten.joined(separator: "\n"), to: path)
            return
        }
        #expect(lines.count == rewritten.count, "\(path)")
        for (index, (old, new)) in zip(lines, rewritten).enumerated() where old != new {
            Issue.record("\(path):\(index + 1): expected \(old), got \(new)")
            break
        }
    }
}

/// Whole files, without Foundation.
enum TextFile {
    struct Failure: Error { var path: String }

    static func read(_ path: String) throws -> String {
        guard let file = fopen(path, "r") else { throw Failure(path: path) }
        defer { fclose(file) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = fread(&chunk, 1, chunk.count, file)
            if count == 0 { break }
            bytes += chunk[..<count]
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    static func write(_ text: String, to path: String) throws {
        guard let file = fopen(path, "w") else { throw Failure(path: path) }
        defer { fclose(file) }
        let bytes = Array(text.utf8)
        guard fwrite(bytes, 1, bytes.count, file) == bytes.count else { throw Failure(path: path) }
    }
}
