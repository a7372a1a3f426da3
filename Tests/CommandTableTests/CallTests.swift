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
