import CommandModel
import CommandTable
import DTCLSyntax
import Testing
import UnderstudyCommands

@Suite struct TableTests {
    private let table = UnderstudyCommands.table

    @Test func `no two commands can be meant by one short form`() {
        #expect(table.ambiguities == [])
    }

    @Test func `short forms have three letters at least`() {
        for declaration in table.declarations {
            for word in declaration.words + declaration.pattern.keywords {
                #expect(word.shortest.count >= min(3, word.text.count), "\(word.text)")
            }
        }
    }

    @Test func `every example binds to its own command`() {
        for declaration in table.declarations {
            #expect(!declaration.examples.isEmpty, "\(declaration.id)")
            for example in declaration.examples {
                let script = Script.parse(example.line)
                let binding = script.commands.first.map { table.bind($0) }
                #expect(
                    binding?.command?.declaration.id == declaration.id,
                    "\(example.line): \(binding?.diagnostics.first?.message ?? "")")
            }
        }
    }

    @Test func `declarations that share an id differ in words, pattern or destination only`() {
        for declaration in table.declarations {
            guard let first = table.declaration(id: declaration.id) else { continue }
            #expect(first.permission == declaration.permission, "\(declaration.id)")
            #expect(first.changes == declaration.changes, "\(declaration.id)")
        }
    }

    @Test func `what changes something has a plan, what only shows is open to monitors`() throws {
        for declaration in table.declarations {
            #expect(declaration.changes == !declaration.planTemplate.isEmpty, "\(declaration.id)")
            guard declaration.changes else { continue }
            for example in declaration.examples {
                let bound = try #require(table.bind(Script.parse(example.line).commands[0]).command)
                let lines = declaration.plan(try bound.request())
                for line in lines {
                    #expect(line.hasPrefix("would "), "\(line)")
                    #expect(!line.contains { "[]{}".contains($0) }, "\(line)")
                }
                #expect(!lines.isEmpty, "\(example.line)")
            }
        }
    }

    @Test func `a plan tells what is given`() throws {
        #expect(plan("mirror start 1") == ["would start a full mirror of connection 1"])
        #expect(
            plan("mirror start * different orphans")
                == ["would start a different mirror of every connection and remove orphans"])
        #expect(
            plan("connect docs to beta map /a to /b, /c to /d")
                == [
                    "would connect replication set 'docs' to beta, paths: /a to /b, /c to /d, "
                        + "mirror: full"
                ])
        #expect(plan("repset save") == ["would save the replication set"])
        let login = try #require(table.declaration(id: "login"))
        let request = CommandRequest(
            command: "login", arguments: ["machine": .text("alpha"), "password": .text("secret")])
        #expect(login.plan(request) == ["would carry out LOGIN: machine alpha"])
    }

    private func plan(_ line: String) -> [String] {
        let bound = table.bind(Script.parse(line).commands[0]).command
        return (try? bound?.request()).flatMap { $0 }.flatMap { bound?.declaration.plan($0) } ?? []
    }

    @Test func `every code has a meaning and every code told by a command is known`() throws {
        let meant = Faults.all.map(\.code.rawValue)
        #expect(Set(meant).count == meant.count)
        #expect(meant == meant.sorted(by: >))
        let folder = "/" + #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
        for file in ["ErrorCode.swift", "ErrorCode+Scripts.swift"] {
            let text = try TextFile.read("\(folder)/Sources/CommandModel/\(file)")
            for line in text.split(separator: "\n") where line.contains("public static let") {
                let digits = line.split(separator: "-").last?.prefix { $0.isNumber } ?? ""
                let code = try #require(Int("-\(digits)"), "\(line)")
                #expect(meant.contains(code), "\(code) has no meaning in Faults.all")
            }
        }
        for declaration in table.declarations {
            #expect(Set(declaration.faults).isSubset(of: Faults.all), "\(declaration.id)")
        }
    }

    @Test func `passwords are raw and program arguments are split`() {
        #expect(treatments("logon alpha admin \"pa$word\"") == [3: .raw])
        #expect(treatments("logon alpha admin $password") == [:])
        #expect(
            treatments("script add 1 on beta mirrorstop=\"/x\" args=\"$a $b\"") == [10: .split])
        // A line that does not bind still keeps its secret.
        #expect(treatments("logon alpha admin \"pa$word\" domain too much") == [3: .raw])
    }

    @Test func `a command that is not available is a warning`() {
        let binding = table.bind(Script.parse("repset  rename a to b").commands[0])
        #expect(binding.command?.declaration.id == "repset.rename")
        #expect(binding.diagnostics.map(\.severity) == [.warning])
        #expect(binding.diagnostics.first?.range == SourceRange(0, 14))
        #expect(
            binding.diagnostics.first?.message
                == "'REPSET RENAME' is not available in this version")
    }

    @Test func `a variable is checked when the command runs`() throws {
        let script = Script.parse("disconnect $id")
        let bound = try #require(table.bind(script.commands[0]).command)
        #expect(try bound.request(values: [1: .integer(3)]).arguments["connection"] == .integer(3))
        #expect(try bound.request(values: [1: .text("3")]).arguments["connection"] == .integer(3))
        for wrong: CommandValue in [.text("*"), .integer(-107), .list([]), .none, .text("x")] {
            do throws(CommandError) {
                _ = try bound.request(values: [1: wrong])
                Issue.record("\(wrong) was taken for a connection")
            } catch {
                #expect(error.code == ErrorCode.invalidParameter.rawValue)
                #expect(error.message.contains("expected a connection id or '*'"))
            }
        }
    }

    @Test func `PLAN is recognised as the last word of what changes something`() {
        let plan = table.bind(Script.parse("repset delete a plan").commands[0])
        #expect(plan.command?.isPlan == true)
        let read = table.bind(Script.parse("repset list plan").commands[0])
        #expect(read.command == nil)
    }

    @Test func `completion offers what can follow`() {
        #expect(words(after: "repset", "ru") == ["RULE"])
        #expect(words(after: "connect a to beta") == ["MAP"])
        #expect(words(after: "connect a to beta map") == ["EXACT", "BASE"])
        #expect(words(after: "mirror start 1", "d") == ["DIFFERENT"])
        #expect(words(after: "", "wait") == ["WAITONMIRROR"])
        let values = table.completions(after: Script.parse("disconnect").commands[0].words)
        #expect(values == [.value(.connection(allowsAll: true), shown: "CON")])
    }

    @Test func `help knows commands and groups of them`() {
        #expect(table.help(on: ["repset", "rule"]).filter { !$0.hasPrefix(" ") }.count == 2)
        #expect(table.help(on: ["conn"]).first?.hasPrefix("CONNECT set TO target MAP") == true)
        #expect(table.help(on: ["nothing"]) == [])
        #expect(table.nearestCommand(to: "conect") == "CONNECT")
    }

    /// Any words end in a command or a message, and what completion offers keeps it so.
    @Test func `random lines bind or say why`() {
        var seed: UInt64 = 0xC0FFEE
        func next(_ count: Int) -> Int {
            seed = seed &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(seed >> 33) % count
        }
        let data = [
            "1", "*", "/srv", "alpha", "$x", "\"a b\"", "'q'", ",", "=", ">", "10m", "PLAN",
            "(1+1)",
        ]
        let words =
            data + table.declarations.flatMap { $0.words + $0.pattern.keywords }.map(\.text)
        for _ in 0..<3_000 {
            var line = table.declarations[next(table.declarations.count)].name
            for _ in 0..<next(7) { line += " " + words[next(words.count)] }
            guard let command = Script.parse(line).commands.first else { continue }
            let binding = table.bind(command)
            let hasErrors = binding.diagnostics.contains { $0.severity == .error }
            #expect((binding.command == nil) == hasErrors, "\(line)")
            _ = table.completions(after: command.words)
        }
    }

    private func treatments(_ line: String) -> [Int: ValueKind.Treatment] {
        table.bind(Script.parse(line).commands[0]).treatments
    }

    private func words(after line: String, _ prefix: String = "") -> [String] {
        let words = line.isEmpty ? [] : Script.parse(line).commands[0].words
        return table.completions(after: words, prefix: prefix).compactMap { candidate in
            if case .word(let word) = candidate { word } else { nil }
        }
    }
}
