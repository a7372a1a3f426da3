import DTCLInterpreter
import DTCLSyntax
import Foundation
import Testing

/// One script of the corpus. Its comments say what must happen, in the order of the text:
/// `# expect: line written`, `# expect command: words and values`, `# expect error: id`,
/// `# expect exit: status`, and what commands answer: `# answer: expression`,
/// `# answer failure: code message`. `# steps: n` and `# memory: bytes` set limits; with
/// `# warnings` the compiler looks for what is no error, too.
struct CorpusCase: CustomTestStringConvertible, Sendable {
    var path: String

    var testDescription: String { path.components(separatedBy: "/Corpus/").last ?? path }

    static let root = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Corpus")

    static func all() -> [CorpusCase] {
        let files = FileManager.default.enumerator(at: root, includingPropertiesForKeys: nil)
        let paths = (files?.allObjects ?? []).compactMap { ($0 as? URL)?.path }
        return paths.filter { $0.hasSuffix(".dtcl") && !$0.contains("/parts/") }.sorted()
            .map(CorpusCase.init)
    }

    enum Event: Equatable, CustomStringConvertible {
        case output(String)
        case command(String)
        case error(id: String, line: Int)
        case exit(Int)

        var description: String {
            switch self {
            case .output(let text): "output: \(text)"
            case .command(let text): "command: \(text)"
            case .error(let id, let line): "error: \(id) in line \(line)"
            case .exit(let status): "exit: \(status)"
            }
        }
    }

    enum Answer {
        case value(ScriptValue)
        case failure(CommandFailure)
    }
}

/// What a script's comments promise.
struct CorpusExpectations {
    var events: [CorpusCase.Event] = []
    var answers: [CorpusCase.Answer] = []
    var limits = Limits(steps: nil)

    init(_ text: String) {
        for (index, line) in text.components(separatedBy: "\n").enumerated() {
            if let rest = part(line, "# expect: ") { events.append(.output(rest)) }
            if line.hasSuffix("# expect:") { events.append(.output("")) }
            if let rest = part(line, "# expect command: ") { events.append(.command(rest)) }
            if let rest = part(line, "# expect error: ") {
                events.append(.error(id: rest, line: index + 1))
            }
            if let rest = part(line, "# expect exit: ") { events.append(.exit(Int(rest) ?? -1)) }
            if let rest = part(line, "# answer: ") { answers.append(.value(CorpusRun.value(rest))) }
            if let rest = part(line, "# answer failure: ") {
                let words = rest.split(separator: " ", maxSplits: 1).map(String.init)
                answers.append(
                    .failure(CommandFailure(code: Int(words[0]) ?? -1, message: words[1])))
            }
            if let rest = part(line, "# steps: ") { limits.steps = Int(rest) }
            if let rest = part(line, "# memory: ") { limits.memoryBytesMax = Int(rest) ?? 0 }
        }
    }

    private func part(_ line: String, _ mark: String) -> String? {
        line.range(of: mark).map { String(line[$0.upperBound...]) }
    }
}

/// Runs a script and writes down what happens.
struct CorpusRun {
    var events: [CorpusCase.Event] = []
    var slices = 0

    /// The value of an expression, for answers and short tests.
    static func value(_ expression: String) -> ScriptValue {
        let compilation = Program.compile(Script.parse("RETURN \(expression)"))
        guard let program = compilation.program else { return .text("\(compilation.diagnostics)") }
        let machine = Machine(program, limits: .hook, environment: environment)
        do throws(ScriptError) {
            if case .finished(let value) = try machine.run() { return value }
        } catch {
            return .text("\(error.kind.rawValue): \(error.message)")
        }
        return .text("paused")
    }

    /// A world that stands still: a Tuesday in 2024, one hour ahead of UTC.
    static var environment: ScriptEnvironment {
        var environment = ScriptEnvironment()
        environment.arguments = ["first", "second one"]
        environment.now = { 1_709_208_000.5 }
        environment.utcOffsetSeconds = { _ in 3600 }
        environment.variable = { $0 == "HOME" ? "/root" : nil }
        environment.fileExists = { $0 == "/etc/hosts" }
        environment.hostname = { "alpha" }
        return environment
    }

    mutating func run(_ file: CorpusCase, _ text: String, _ expected: CorpusExpectations) {
        var options = CompileOptions()
        options.globals = ["event"]
        options.reportsWarnings = text.contains("# warnings")
        options.treatment = CorpusRun.treatment
        options.include = CorpusRun.include
        let script = Script.parse(text, name: file.path)
        let compilation = Program.compile(script, options: options)
        for entry in compilation.diagnostics {
            let line = LineTable(entry.source).position(of: entry.diagnostic.range.lower).line
            events.append(.error(id: entry.diagnostic.id, line: line))
        }
        guard let program = compilation.program else { return }
        let machine = Machine(
            program, limits: expected.limits, environment: CorpusRun.environment)
        machine.setGlobal("event", .record([ScriptField("name", .text("mirror.completed"))]))
        do throws(ScriptError) {
            try run(machine, expected.answers)
        } catch {
            events.append(.error(id: error.kind.rawValue, line: error.line))
        }
    }

    private mutating func run(
        _ machine: Machine, _ answers: [CorpusCase.Answer]
    ) throws(ScriptError) {
        var answers = answers[...]
        while true {
            switch try machine.run() {
            case .write(let text, let toError): events.append(.output(toError ? "! " + text : text))
            case .wait(let seconds): events.append(.output("wait \(seconds)"))
            case .outOfSteps: slices += 1
            case .finished(let value):
                if value != .none { events.append(.output("returned \(value.written)")) }
                if let status = machine.exitStatus { events.append(.exit(status)) }
                return
            case .command(let call):
                let site = machine.program.commandSites[call.site]
                let values = call.values.map { " \($0.written)" }.joined()
                events.append(.command(site.text + (values.isEmpty ? "" : " |" + values)))
                switch answers.popFirst() {
                case .failure(let failure): machine.resume(failing: failure)
                case .value(let value): machine.resume(returning: value)
                case nil: machine.resume(returning: .integer(1))
                }
            }
        }
    }

    /// A command table in small: the password of LOGIN is secret, ARGS is split.
    static func treatment(_ words: [Word]) -> [Int: WordTreatment] {
        var treatments: [Int: WordTreatment] = [:]
        for (index, word) in words.enumerated() {
            if index == 3, words[0].raw.lowercased() == "login" { treatments[index] = .raw }
            if index >= 2, words[index - 2].raw.lowercased() == "args", word.isQuoted {
                treatments[index] = .split
            }
        }
        return treatments
    }

    static func include(_ path: String, _ from: String) -> Result<SourceText, IncludeError> {
        let url = URL(filePath: from).deletingLastPathComponent().appending(path: path)
        guard let data = try? Data(contentsOf: url) else {
            return .failure(IncludeError("no such file"))
        }
        return .success(SourceText(bytes: Array(data), name: url.standardizedFileURL.path))
    }
}
