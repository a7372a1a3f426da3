import CommandTable
import ControlClient
import DTCLSyntax
import UnderstudyCommands

/// The command line of the tool.
struct Options {
    enum Job: Equatable {
        case prompt
        case file(String)
        case text(String)
        case standardInput
        case check([String])
        case format([String])
        case help([String])
        case reference
        case languageServer
        case completion(shell: String)
        case manual(page: String)
        case usage(Subcommand?)
        case version
    }

    /// What is wrong with a command line.
    struct Failure: Error {
        var message: String
    }

    private(set) var job: Job = .usage(nil)
    /// What follows the script.
    private(set) var arguments: [String] = []
    private(set) var servers: [(String, ControlAddress)] = []
    private(set) var definitions: [(String, String)] = []
    private(set) var isJSON = false
    private(set) var echoes = false
    private(set) var allowsRun = true
    private(set) var traces = false
    private(set) var profiles = false
    private(set) var formatChecks = false
    private(set) var formatsToOutput = false
    private(set) var timeoutSeconds: Double?

    init(_ words: [String]) throws(Failure) {
        var rest = words[...]
        while let word = rest.popFirst() {
            if let subcommand = Subcommand(rawValue: word) {
                try read(subcommand, &rest)
                return
            }
            if let job = try readRunning(word, &rest) {
                self.job = job
                if job == .prompt { try readAfterPrompt(&rest) }
                arguments = Array(rest)
                return
            }
        }
        throw Failure(message: "nothing to do: give a script, -c TEXT or -i")
    }

    /// Options of a session may follow `-i`.
    private mutating func readAfterPrompt(_ rest: inout ArraySlice<String>) throws(Failure) {
        while let word = rest.popFirst() {
            guard word.hasPrefix("-"), word != "-" else {
                throw Failure(message: "got '\(word)', expected no script together with -i")
            }
            guard let other = try readRunning(word, &rest), other != .prompt else { continue }
            guard other == .usage(nil) || other == .version else {
                throw Failure(message: "got '\(word)', expected no script together with -i")
            }
            job = other
            return
        }
    }

    /// The job, when the word says one.
    private mutating func readRunning(
        _ word: String, _ rest: inout ArraySlice<String>
    ) throws(Failure) -> Job? {
        let (name, value) = Self.parts(of: word)
        switch name {
        case "-i": return .prompt
        case "-f": return .file(try next(name, value, &rest))
        case "-c": return .text(try next(name, value, &rest))
        case "-": return .standardInput
        case "-h", "--help": return .usage(nil)
        case "--version": return .version
        default:
            guard name.hasPrefix("-") else { return .file(word) }
            try readOption(name, value, among: DtclTool.description.options, &rest)
            return nil
        }
    }

    private mutating func read(
        _ subcommand: Subcommand, _ rest: inout ArraySlice<String>
    ) throws(Failure) {
        var words: [String] = []
        var isReference = false
        while let word = rest.popFirst() {
            let (name, value) = Self.parts(of: word)
            if !name.hasPrefix("-") || name == "-" {
                words.append(word)
            } else if name == "--help" || name == "-h" {
                job = .usage(subcommand)
                return
            } else if name == "--markdown", subcommand == .help {
                isReference = true
            } else {
                try readOption(name, value, among: subcommand.options, &rest)
            }
        }
        switch subcommand {
        case .check, .format:
            guard !words.isEmpty else {
                throw Failure(message: "there are no files to \(subcommand.rawValue)")
            }
            job = subcommand == .check ? .check(words) : .format(words)
        case .help: job = isReference ? .reference : .help(words)
        case .lsp:
            guard words.isEmpty else {
                throw Failure(message: "got '\(words[0])', expected nothing after 'lsp'")
            }
            job = .languageServer
        case .completion: job = .completion(shell: try one(of: words, for: subcommand))
        case .man: job = .manual(page: try one(of: words, for: subcommand))
        }
    }

    private func one(of words: [String], for subcommand: Subcommand) throws(Failure) -> String {
        let choices = subcommand.arguments.split(separator: "|").map(String.init)
        guard words.count == 1, choices.contains(words[0]) else {
            let got = words.isEmpty ? "nothing" : "'\(words.joined(separator: " "))'"
            let expected = choices.map { "'\($0)'" }.joined(separator: " or ")
            throw Failure(
                message: "got \(got) after '\(subcommand.rawValue)', expected \(expected)")
        }
        return words[0]
    }

    /// `--server=x` and `-Dx` carry their values.
    private static func parts(of word: String) -> (name: String, value: String?) {
        if word.hasPrefix("--"), let equals = word.firstIndex(of: "=") {
            return (String(word[..<equals]), String(word[word.index(after: equals)...]))
        }
        if word.hasPrefix("-D"), word.count > 2 { return ("-D", String(word.dropFirst(2))) }
        return (word, nil)
    }

    private mutating func readOption(
        _ name: String, _ value: String?, among known: [ToolDescription.Option],
        _ rest: inout ArraySlice<String>
    ) throws(Failure) {
        guard let entry = known.first(where: { $0.names.contains(name) }) else {
            let names = known.flatMap(\.names)
            let hint = NearestName.nearest(to: name, among: names).map { ", did you mean '\($0)'?" }
            throw Failure(message: "unknown option '\(name)'" + (hint ?? ""))
        }
        guard entry.value != nil || value == nil else {
            throw Failure(message: "'\(name)' takes no value")
        }
        switch name {
        case "--server": try addServer(try next(name, value, &rest))
        case "--timeout": try setTimeout(try next(name, value, &rest))
        case "-D": try define(try next(name, value, &rest))
        case "--json": isJSON = true
        case "--echo": echoes = true
        case "--no-run": allowsRun = false
        case "--trace": traces = true
        case "--profile": profiles = true
        case "--check": formatChecks = true
        case "--stdout": formatsToOutput = true
        default: break
        }
    }

    private func next(
        _ option: String, _ value: String?, _ rest: inout ArraySlice<String>
    ) throws(Failure) -> String {
        guard let value = value ?? rest.popFirst() else {
            throw Failure(message: "'\(option)' needs a value")
        }
        return value
    }

    // MARK: Values

    private mutating func addServer(_ text: String) throws(Failure) {
        let parts = text.split(separator: "=", maxSplits: 1).map(String.init)
        guard parts.count == 2, let address = ControlAddress(parts[1]) else {
            throw Failure(message: "got '\(text)', expected --server NAME=unix:PATH")
        }
        if servers.contains(where: { $0.0.lowercased() == parts[0].lowercased() }) {
            throw Failure(message: "the server '\(parts[0])' is named twice")
        }
        servers.append((parts[0], address))
    }

    private mutating func setTimeout(_ text: String) throws(Failure) {
        guard case .success(let number) = NumberLiteral.read(text), number.unit?.isTime ?? true
        else {
            throw Failure(message: "got '\(text)', expected a time such as 30s or 10m")
        }
        switch number.value {
        case .integer(let seconds) where seconds > 0: timeoutSeconds = Double(seconds)
        case .decimal(let seconds) where seconds > 0: timeoutSeconds = seconds
        default: throw Failure(message: "got '\(text)', expected a time above 0")
        }
    }

    private mutating func define(_ text: String) throws(Failure) {
        let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, Self.isName(parts[0]) else {
            throw Failure(message: "got '\(text)', expected -D name=value")
        }
        definitions.append((String(parts[0]), String(parts[1])))
    }

    private static func isName(_ text: Substring) -> Bool {
        guard let first = text.unicodeScalars.first, first == "_" || first.properties.isAlphabetic
        else { return false }
        return text.unicodeScalars.allSatisfy {
            $0 == "_" || $0.properties.isAlphabetic || $0.properties.numericType != nil
        }
    }
}
