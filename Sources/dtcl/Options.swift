import ControlClient
import DTCLSyntax

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
        case usage
        case version
    }

    /// What is wrong with a command line.
    struct Failure: Error {
        var message: String
    }

    var job: Job?
    /// What follows the script.
    var arguments: [String] = []
    var servers: [(String, ControlAddress)] = []
    var definitions: [(String, String)] = []
    var isJSON = false
    var echoes = false
    var timeoutSeconds: Double?

    init(_ words: [String]) throws(Failure) {
        var rest = words[...]
        while job == nil, let word = rest.popFirst() { try read(word, &rest) }
        switch job {
        case nil:
            throw Failure(message: "nothing to do: give a script, -c TEXT or -i")
        case .check:
            job = .check(try readTail(&rest, what: "files to check"))
        case .format:
            job = .format(Array(rest))
        case .help:
            job = rest == ["--markdown"] ? .reference : .help(Array(rest))
        case .prompt:
            while let word = rest.popFirst() {
                guard word.hasPrefix("-") else {
                    throw Failure(message: "got '\(word)', expected no script together with -i")
                }
                try read(word, &rest)
            }
            job = .prompt
        case .file, .text, .standardInput, .reference, .usage, .version:
            arguments = Array(rest)
        }
    }

    private mutating func read(
        _ word: String, _ rest: inout ArraySlice<String>
    ) throws(Failure) {
        switch word {
        case "-i": job = .prompt
        case "-f": job = .file(try value(of: word, &rest))
        case "-c": job = .text(try value(of: word, &rest))
        case "-": job = .standardInput
        case "--help", "-h": job = .usage
        case "--version": job = .version
        case "--json": isJSON = true
        case "--echo": echoes = true
        case "--no-run": break  // There is no RUN yet that could be forbidden.
        case "--server": try addServer(try value(of: word, &rest))
        case "--timeout": try setTimeout(try value(of: word, &rest))
        case "-D": try define(try value(of: word, &rest))
        default:
            if word.hasPrefix("--server=") {
                try addServer(String(word.dropFirst(9)))
            } else if word.hasPrefix("--timeout=") {
                try setTimeout(String(word.dropFirst(10)))
            } else if word.hasPrefix("-D") {
                try define(String(word.dropFirst(2)))
            } else if word.hasPrefix("-") {
                throw Failure(message: "unknown option '\(word)'" + Self.hint(word))
            } else {
                job = Self.job(of: word)
            }
        }
    }

    private static func job(of word: String) -> Job {
        switch word {
        case "check": .check([])
        case "format": .format([])
        case "help": .help([])
        default: .file(word)
        }
    }

    private static func hint(_ word: String) -> String {
        let known = [
            "--server", "--json", "--echo", "--timeout", "--help", "--version", "--no-run",
        ]
        return NearestName.nearest(to: word, among: known).map { ", did you mean '\($0)'?" } ?? ""
    }

    private func value(
        of option: String, _ rest: inout ArraySlice<String>
    ) throws(Failure) -> String {
        guard let value = rest.popFirst() else {
            throw Failure(message: "'\(option)' needs a value")
        }
        return value
    }

    /// The rest of the line for jobs that take files; options may stand among them.
    private mutating func readTail(
        _ rest: inout ArraySlice<String>, what: String
    ) throws(Failure) -> [String] {
        var files: [String] = []
        let first = job
        while let word = rest.popFirst() {
            if word.hasPrefix("-"), word != "-" {
                try read(word, &rest)
                job = first
            } else {
                files.append(word)
            }
        }
        guard !files.isEmpty else { throw Failure(message: "there are no \(what)") }
        return files
    }

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
