import CommandModel
import CommandTable
import DTCLSyntax
import Testing
import UnderstudyCommands

@Suite struct CallTests {
    private let table = UnderstudyCommands.table

    /// Whatever a line can say, a call can: its own arguments, given by name, bind to it again.
    @Test func `a call made from a line's arguments is bound as the line is`() throws {
        var lines = table.declarations.flatMap { $0.examples.map(\.line) }
        for corpus in ["bind", "abbreviations"] {
            lines += try TextFile.read(Corpus(corpus).path).split(separator: "\n").map(String.init)
                .filter { !$0.hasPrefix(" ") && !$0.hasPrefix("#") }
        }
        var count = 0
        for line in lines {
            guard let bound = Script.parse(line).commands.first.flatMap({ table.bind($0).command }),
                let request = try? bound.request()
            else { continue }
            count += 1
            let words = bound.declaration.words.map { $0.text.lowercased() }
            do {
                let call = try table.bindCall(words, named: request.arguments)
                #expect(call.request.command == request.command, "\(line)")
                #expect(sorted(call.request.arguments) == sorted(request.arguments), "\(line)")
                #expect(call.isPlan == bound.isPlan, "\(line)")
            } catch {
                Issue.record("\(line): \(error.message)")
            }
        }
        #expect(count > table.declarations.count)
    }

    @Test func `calls are bound as the corpus says`() throws {
        try Corpus("calls").check { line in answer(to: line) }
    }

    private func answer(to line: String) -> [String] {
        guard let call = try? Call(line) else { return ["the corpus has no such call"] }
        do throws(CommandError) {
            let bound = try table.bindCall(
                call.path, positional: call.positional, named: call.named)
            let arguments = JSONWriter.text(of: .record(bound.request.arguments))
            return [bound.request.command + " " + arguments]
        } catch {
            return ["\(error.code) \(error.message)"]
        }
    }

    @Test func `no argument has a name that Lua could not write`() {
        let words: Set = [
            "and", "break", "do", "else", "elseif", "end", "false", "for", "function", "goto", "if",
            "in", "local", "nil", "not", "or", "repeat", "return", "then", "true", "until", "while",
        ]
        #expect(
            table.declaration(id: "volume.mirror.break")?.luaUsage
                == #"dt.volume.mirror["break"](arguments...)"#)
        for declaration in table.declarations {
            guard
                let request = declaration.examples.compactMap({
                    table.bind(Script.parse($0.line).commands[0]).command.flatMap {
                        try? $0.request()
                    }
                }).first
            else { continue }
            #expect(words.isDisjoint(with: request.arguments.fields.map(\.name)))
        }
    }

    @Test func `random calls are bound or say why`() {
        var seed: UInt64 = 0xCA11
        func next(_ count: Int) -> Int {
            seed = seed &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(seed >> 33) % count
        }
        let functions = table.functions
        let values: [CommandValue] = [
            .none, .boolean(true), .boolean(false), .integer(1), .integer(-1), .integer(.max),
            .decimal(1.5), .decimal(.nan), .text(""), .text("*"), .text("/srv"), .text("exact"),
            .text("10s"), .text("full"), .text("08:00"), .list([]), .list([.text("a")]),
            .list([.record(["from": .text("/a"), "to": .text("/b")])]),
            .record(["/a": .text("/b")]), .record([:]), .text("10 minutes"), .text("LUA:x"),
        ]
        let names =
            ["to", "on", "plan", "map", "mirror", "x"]
            + table.declarations.flatMap { declaration in
                declaration.pattern.keywords.map { $0.text.lowercased() }
            }
        for _ in 0..<5_000 {
            let function = functions[next(functions.count)]
            var positional: [CommandValue] = []
            for _ in 0..<next(4) { positional.append(values[next(values.count)]) }
            var named: CommandRecord = [:]
            for _ in 0..<next(4) { named[names[next(names.count)]] = values[next(values.count)] }
            do throws(CommandError) {
                let call = try table.bindCall(function.path, positional: positional, named: named)
                #expect(function.declarations.contains { $0.id == call.request.command })
            } catch {
                #expect(error.code == ErrorCode.invalidParameter.rawValue)
                #expect(error.message.hasPrefix("'\(function.name)' "))
            }
        }
    }

    @Test func `every command is a function under each spelling`() {
        let names = Set(table.functions.map(\.name))
        for name in ["repset.create", "login", "logon", "status", "target", "target.pause"] {
            #expect(names.contains(name))
        }
        for declaration in table.declarations {
            #expect(
                table.functions.contains { $0.declarations.contains { $0.id == declaration.id } })
        }
    }

    @Test func `the usage for Lua shows places and names`() {
        #expect(
            table.declaration(id: "connect")?.luaUsage
                == #"dt.connect(set, target, {map="exact"|{[from]=to}, base=text, "#
                + #"mirror="none"|"full"|"different", newer=true, checksum=true, "#
                + #"replicate=false, orphans=true, plan=true})"#)
        #expect(
            table.declaration(id: "repset.create")?.luaUsage
                == "dt.repset.create(name, {plan=true})")
    }

    private func sorted(_ record: CommandRecord) -> [CommandRecord.Field] {
        record.fields.sorted { $0.name < $1.name }
    }
}

/// `path(positional as JSON){named as JSON}`
private struct Call {
    var path: [String]
    var positional: [CommandValue] = []
    var named: CommandRecord = [:]

    init(_ text: String) throws {
        let name = text.prefix { $0 != "(" && $0 != "{" }
        path = name.split(separator: ".").map(String.init)
        var rest = text.dropFirst(name.count)
        if rest.first == "(" {
            let inner = rest.dropFirst().prefix { $0 != ")" }
            positional = try JSONReader.value(of: "[\(inner)]").list ?? []
            rest = rest.dropFirst(inner.count + 2)
        }
        if !rest.isEmpty { named = try JSONReader.value(of: String(rest)).record ?? [:] }
    }
}
