/// Something that holds for every file; it answers where it does not, in words that say what to do.
struct Rule: Sendable {
    let name: String
    let check: @Sendable (SourceFile) -> [String]

    func findings(in files: [SourceFile]) -> [String] {
        files.flatMap { file in check(file).map { "\(file.path):\($0)" } }
    }

    static let all: [Rule] = [
        imports, fileLength, lineLength, laterWords, forcing, printing,
    ]

    /// Docs/Architecture.md, as a table: `Rooms`.
    static let imports = Rule(name: "imports go down only") { file in
        guard let room = Rooms.all[file.room] else {
            return ["1: the room '\(file.room)' is not in the table of Tests/TidyTests/Rooms.swift"]
        }
        return file.imports.filter { !room.imports.contains($0.module) }.map {
            "\($0.line): '\(file.room)' must not import '\($0.module)'"
        }
    }

    static let fileLength = Rule(name: "a file has 600 lines at most") { file in
        let count = file.lines.count
        return count > 601 ? ["\(count): the file has \(count) lines; split it by nouns"] : []
    }

    static let lineLength = Rule(name: "a line has 100 columns at most") { file in
        file.lines.enumerated().filter { $0.element.count > 100 }.map {
            "\($0.offset + 1): the line has \($0.element.count) columns; break it"
        }
    }

    static let laterWords = Rule(name: "nothing is put off in the code") { file in
        found(["TODO", "FIXME", "XXX"], in: file.lines, "do it, or write an issue")
    }

    static let forcing = Rule(name: "nothing is forced") { file in
        found(["try!", " as!"], in: file.code, "handle the other case")
    }

    /// Programs may; a library's words go through its logger or its result.
    static let printing = Rule(name: "libraries do not print") { file in
        if Rooms.all[file.room]?.isProgram == true { return [] }
        return file.code.enumerated().filter { callsPrint($0.element) }.map {
            "\($0.offset + 1): a library does not print; log it or return it"
        }
    }

    private static func callsPrint(_ line: String) -> Bool {
        guard let range = line.firstRange(of: "print(") else { return false }
        guard let before = line[..<range.lowerBound].last else { return true }
        return !(before.isLetter || before.isNumber || before == "_" || before == ".")
    }

    private static func found(_ words: [String], in lines: [String], _ advice: String) -> [String] {
        lines.enumerated().flatMap { number, line in
            words.filter { line.contains($0) }.map { "\(number + 1): '\($0)'; \(advice)" }
        }
    }
}
