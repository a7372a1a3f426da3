import CommandTable
import Testing
import UnderstudyCommands

#if canImport(Glibc)
    import Glibc
#endif

/// The scripts for shells, in the shells themselves. A shell that is not on the machine is not
/// asked.
@Suite struct ShellTests {
    private static let words: [(line: [String], expected: [String])] = [
        (["dtcl", "c"], ["check", "completion"]),
        (["dtcl", "help", "rep"], ["replication", "repset"]),
        (["dtcl", "help", "repset", "rule", ""], ["add", "remove"]),
        (["dtcl", "--json", "help", "mirror", "st"], ["start", "stop"]),
        (["dtcl", "--timeout", "5s", "help", "conn"], ["connect", "connections"]),
        (["dtcl", "--server=alpha", "help", "ser"], ["servers"]),
        (["dtcl", "completion", ""], ["bash", "fish", "zsh"]),
        (["dtcl", "--ec"], ["--echo"]),
        (["dtcl", "check", "--j"], ["--json"]),
        (["dtcl", "check", "-"], ["--json", "-D"]),
        (["dtcl", "help", "frob", ""], []),
        (["understudyd", "--log-level", "w"], ["warning"]),
        (["understudyd", "--co"], ["--config", "--control-port"]),
    ]

    @Test func `bash completes commands, options and the words of commands`() throws {
        let folder = try Scratch()
        defer { folder.remove() }
        _ = try folder.write("bash", DtclTool.completion(for: .bash))
        let runner = try folder.write(
            "runner",
            """
            cd \(folder.path); source ./bash
            COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMP_LINE="$*"; COMP_POINT=${#COMP_LINE}
            _$1; printf '%s\\n' "${COMPREPLY[@]}"
            """)
        for (line, expected) in Self.words {
            let list = line.map { "'\($0)'" }.joined(separator: " ")
            let found = try Scratch.run("bash \(runner) \(list)")
            #expect(found.sorted() == expected, "\(line)")
        }
        // Files of the folder, scripts where scripts are meant.
        _ = try folder.write("night one.dtcl", "")
        _ = try folder.write("other.txt", "")
        let complete = "bash \(runner) dtcl"
        #expect(try Scratch.run("\(complete) check ''") == ["night one.dtcl"])
        #expect(try Scratch.run("\(complete) x.dtcl o") == ["other.txt"])
    }

    @Test(.enabled(if: Scratch.has("fish"))) func `fish completes the same`() throws {
        let folder = try Scratch()
        defer { folder.remove() }
        let script = try folder.write(
            "fish", DtclTool.completion(for: .fish))
        for (line, expected) in Self.words {
            let text = line.joined(separator: " ")
            let fish = "HOME=\(folder.path) fish --no-config"
            let found = try Scratch.run("\(fish) -c 'source \(script); complete -C \"\(text)\"'")
            let names = found.map { String($0.prefix { $0 != "\t" }) }
            #expect(names.sorted() == expected, "\(line)")
        }
    }

    /// Without its line editor zsh completes nothing: what it would be given is looked at.
    @Test(.enabled(if: Scratch.has("zsh"))) func `zsh is given the same`() throws {
        let folder = try Scratch()
        defer { folder.remove() }
        let script = try folder.write("zsh", DtclTool.completion(for: .zsh))
        let runner = try folder.write(
            "runner",
            """
            compadd() { shift; print -l -- $@ }; _files() { print -- files $@ }
            _describe() { print -l -- ${${(P)2}%%:*} }; compdef() { }
            source \(script); words=($@); CURRENT=$#; service=$1; _dtcl
            """)
        for (line, expected) in Self.words {
            let list = line.map { "'\($0)'" }.joined(separator: " ")
            let found = try Scratch.run("zsh -f \(runner) \(list)")
            let prefix = line[line.count - 1]
            let fitting = found.filter { $0.hasPrefix(prefix) && !$0.hasPrefix("files") }
            #expect(fitting.sorted() == expected, "\(line)")
        }
    }

    /// The description of a command line against the program that reads it.
    @Test(arguments: ["dtcl", "understudyd"])
    func `every option of the program is described`(tool: String) throws {
        let folder = "/" + #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
        let text = try Scratch.run(
            "cd \(folder)/Sources/\(tool) && cat $(find . -name '*.swift' -path '*Option*')"
        )
        .joined(separator: "\n")
        let description = tool == "dtcl" ? DtclTool.description : UnderstudydTool.description
        let described = Set(
            (description.options + description.jobs.flatMap(\.options))
                .flatMap(\.names))
        var found: Set<String> = []
        if tool == "dtcl" {
            for piece in text.split(separator: "\"") {
                guard piece.hasPrefix("-"), piece.count > 1, !piece.hasSuffix("="),
                    piece.dropFirst().allSatisfy({ $0.isLetter || $0 == "-" }), piece != "--"
                else { continue }
                found.insert(String(piece))
            }
        } else {
            for line in text.split(separator: "\n") where line.hasPrefix("    var ") {
                var name = "--"
                for letter in line.dropFirst(8).prefix(while: { $0 != ":" }) {
                    name += letter.isUppercase ? "-\(letter.lowercased())" : String(letter)
                }
                found.insert(name)
            }
        }
        #expect(!found.isEmpty)
        #expect(found.isSubset(of: described), "\(found.subtracting(described))")
    }
}

/// A folder for a test, and programs run in it.
struct Scratch {
    let path: String

    init() throws {
        var template = Array("/tmp/command-table-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw TextFile.Failure(path: "/tmp") }
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    func write(_ name: String, _ text: String) throws -> String {
        try TextFile.write(text, to: "\(path)/\(name)")
        return "\(path)/\(name)"
    }

    func remove() { _ = try? Scratch.run("rm -rf '\(path)'") }

    /// The lines that a command of the shell writes, complaints too.
    static func run(_ command: String) throws -> [String] {
        guard let pipe = popen("( \(command) ) 2>&1", "r") else {
            throw TextFile.Failure(path: command)
        }
        defer { pclose(pipe) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 4_096)
        while true {
            let count = fread(&chunk, 1, chunk.count, pipe)
            if count == 0 { break }
            bytes += chunk[..<count]
        }
        return String(decoding: bytes, as: UTF8.self).split(separator: "\n").map(String.init)
    }

    static func has(_ program: String) -> Bool {
        (try? run("command -v \(program)").isEmpty == false) ?? false
    }
}
