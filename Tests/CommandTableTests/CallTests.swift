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

    @Test(arguments: [
        #"repset.create("newrep")  repset create newrep"#,
        #"repset.create{"name":"newrep","plan":true}  repset delete newrep plan"#,
        #"login("alpha","admin","se$cret")  login alpha admin "se$cret""#,
        #"logon("alpha")  login alpha"#,
        #"repset.rule.add("/srv/data"){"to":"newrep","exclude":true}  repset rule add /srv/data exclude to newrep"#,
        #"repset.rule.add("/srv/data","newrep"){"include":false,"recursive":false}  repset rule add /srv/data exclude, nonrecursive to newrep"#,
        #"connect("docs","beta"){"map":"exact"}  connect docs to beta map exact"#,
        #"connect{"set":"docs","to":"beta","map":{"/srv":"/copy"}}  connect docs to beta map /srv to /copy"#,
        #"connect{"set":"docs","to":"beta","map":[{"from":"/a","to":"/b"},{"from":"/c","to":"/d"}]}  connect docs to beta map /a to /b, /c to /d"#,
        #"connect{"set":"docs","to":"beta","base":"/copies","nomirror":true,"orphans":true}  connect docs to beta map base /copies nomirror orphans"#,
        #"connect("docs","beta"){"exact":true,"mirror":"different","newer":true,"replicate":false}  connect docs to beta map exact mirror different, newer noreplicate"#,
        #"connect("docs","beta"){"exact":true,"mirror":"full","replicate":true,"orphans":false}  connect docs to beta map exact mirror full"#,
        #"mirror.start("*"){"different":true,"checksum":true}  mirror start * different, checksum"#,
        #"sync(1){"timeout":"2 minutes"}  sync 1 timeout 2 minutes"#,
        #"sync(1,30)  sync 1 timeout 30s"#,
        #"waitonmirror{"connection":1,"timeout":"forever"}  waitonmirror 1 timeout forever"#,
        #"limit.bandwidth(19300,"beta")  limit bandwidth 19300 to beta"#,
        #"limit.bandwidth("10MB",5){"to":"beta"}  limit bandwidth 10MB, 5 to beta"#,
        #"status()  status"#,
        #"status.connection(1)  status connection 1"#,
    ])
    func `arguments go by place, name, keyword or option`(text: String) throws {
        let parts = text.split(separator: "  ", maxSplits: 1).map(String.init)
        let (call, line) = (try Call(parts[0]), parts[1])
        let expected = try #require(table.bind(Script.parse(line).commands[0]).command).request()
        let bound = try table.bindCall(call.path, positional: call.positional, named: call.named)
        #expect(sorted(bound.request.arguments) == sorted(expected.arguments))
    }

    @Test(arguments: [
        #"repset.creat("a")  there is no command 'repset.creat', did you mean 'repset.create'?"#,
        #"repset.create()  'repset.create' misses 'name', expected a name"#,
        #"repset.create("a.b")  'repset.create' got 'a.b' for 'name', expected a name"#,
        #"repset.create("a","b")  'repset.create' got 2 arguments, expected 1 at most"#,
        #"repset.create{"nam":"a"}  'repset.create' has no argument 'nam', did you mean 'name'?"#,
        #"repset.list{"plan":true}  'repset.list' has no argument 'plan'"#,
        #"connect("docs"){"map":"exact"}  'connect' misses 'target', expected a machine"#,
        #"connect("docs","beta")  'connect' misses map="exact", base=text or map={[from]=to}"#,
        #"connect("docs","beta"){"map":"exakt"}  'connect' got 'exakt' for 'map', expected map="exact", base=text or map={[from]=to}"#,
        #"connect("docs","beta"){"map":{"srv":"/copy"}}  'connect' got 'srv' for 'from', expected a path from the root ('/…'), in 'map'"#,
        #"connect("docs","beta"){"map":"exact","nomirror":true,"full":true}  'connect' got 'full', which is given twice or contradicts what else is given"#,
        #"connect("docs","beta"){"map":"exact","mirror":"ful"}  'connect' got 'ful' for 'mirror', expected mirror="none" or mirror="full"|"different""#,
        #"disconnect("one")  'disconnect' got 'one' for 'connection', expected a connection id or '*'"#,
        #"disconnect(1.5)  'disconnect' got 1.5 for 'connection', expected a connection id or '*'"#,
        #"sync(1){"timeout":"soon"}  'sync' got 'soon' for 'timeout', expected a time such as '10s', '10 minutes', '0' or 'FOREVER'"#,
        #"login("alpha","admin",true)  'login' got no text for 'password', expected a quoted text"#,
    ])
    func `a call that does not fit says what was got and expected`(text: String) throws {
        let parts = text.split(separator: "  ", maxSplits: 1).map(String.init)
        let call = try Call(parts[0])
        do throws(CommandError) {
            _ = try table.bindCall(call.path, positional: call.positional, named: call.named)
            Issue.record("\(parts[0]) was accepted")
        } catch {
            #expect(error.message == parts[1])
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
