import CommandModel
import Foundation
import Logging
import ScriptHost
import StateStore
import Testing
import UnderstudyCommands

@testable import understudyd

@Suite struct ConnectionScriptsTests {
    private let folder: TemporaryFolder
    private let store: StateStore
    private let service: HookService
    private let scripts: ConnectionScripts
    private let script: String

    /// Connections 1 of alpha and of gamma end here, and 2 of gamma.
    init() throws {
        folder = try TemporaryFolder()
        store = try StateStore(directory: folder.path)
        for name in ["alpha", "gamma"] {
            try store.savePeer(
                Peer(
                    serverID: "id-\(name)", name: name, address: "10.0.0.\(name.count)", port: 1500,
                    fingerprint: name))
            for number in 1...2 where name == "gamma" || number == 1 {
                try store.saveIncomingConnection(
                    uuid: Self.uuid(name, number), number: number, peerID: "id-\(name)",
                    set: "docs", mappings: [], allowances: [])
            }
        }
        let host = ScriptHost(output: NoOutput())
        service = HookService(host, folder: nil) { _, _ in }
        let rules = TaskRules(store, Logger(label: "test"))
        _ = try rules.execute(CommandRequest(command: "taskcmd.enable"))
        scripts = ConnectionScripts(
            service: service, rules: rules, store: store, ownNames: ["beta", "10.0.0.9"])
        script = folder.path + "/script.sh"
        try "#!/bin/sh\n".write(toFile: script, atomically: true, encoding: .utf8)
        chmod(script, 0o755)
    }

    private static func uuid(_ name: String, _ number: Int) -> String {
        "\(name == "alpha" ? "aaaaaaaa" : "cccccccc")-000\(number)"
    }

    @discardableResult
    private func say(
        _ command: String, _ number: Int64, source: String? = nil, _ more: CommandRecord = [:]
    ) async throws -> CommandResult? {
        var arguments: CommandRecord = ["connection": .integer(number)]
        if let source { arguments["source"] = .text(source) }
        for field in more.fields { arguments[field.name] = field.value }
        return try await scripts.execute(CommandRequest(command: command, arguments: arguments))
    }

    private func complaint(
        _ command: String, _ number: Int64, source: String? = nil, _ more: CommandRecord = [:]
    ) async -> String {
        do {
            return "accepted: \(try await say(command, number, source: source, more)?.lines ?? [])"
        } catch {
            return (error as? CommandError)?.message ?? "\(error)"
        }
    }

    @Test func `connections are told by the source that counts them`() async throws {
        let point: CommandRecord = ["mirrorstart": .text(script)]
        try await say("script.add", 1, source: "id-alpha", point)
        try await say("script.add", 2, point)
        // Named by this server itself, the source says nothing.
        try await say("script.add", 2, source: "BETA", point)
        for (name, number) in [("alpha", 1), ("gamma", 2)] {
            let conditions: CommandRecord = ["incoming": .text(Self.uuid(name, number))]
            #expect(await service.definitions(where: conditions).count == 1)
        }
        let many = await complaint("script.add", 1, point)
        #expect(many == "connections 1 of 'alpha' and 'gamma' end here, say which with SOURCE")
        let none = await complaint("script.list", 2, source: "alpha")
        #expect(none == "no connection 2 of that source ends at 'beta'")
        #expect(await complaint("script.list", 1, source: "Gamma").hasSuffix("no scripts.\"]"))
        try store.close()
    }

    @Test func `a point has one script, and all go with the connection`() async throws {
        let points: CommandRecord = [
            "mirrorcomplete": .text(script), "mirrorstop": .text(script), "delay": .boolean(true),
            "arguments": .list([.text("x")]), "timeout": .decimal(30),
        ]
        #expect(try await say("script.add", 2, points.with("plan", .boolean(true))) == nil)
        #expect(await service.definitions().isEmpty)
        for _ in 1...2 { try await say("script.add", 2, points) }
        let listed = try await say("script.list", 2)
        #expect(
            listed?.lines == [
                "mirrorstop      \(script) x  delay, 0 runs",
                "mirrorcomplete  \(script) x  delay, 0 runs",
            ])
        #expect(listed?.value.list?.first?.record?["timeout"] == .decimal(30))
        try await say("script.delete", 2, ["point": .text("mirrorstop")])
        let again = await complaint("script.delete", 2, ["point": .text("mirrorstop")])
        #expect(again == "the connection has no mirrorstop script")
        // Hooks of the administrator on the same events stay.
        var own = HookDefinition(
            try #require(HookPattern("target.mirror.completed")), try ScriptObject.named(script))
        own.conditions = ["incoming": .text(Self.uuid("gamma", 2))]
        try await service.add(own)
        await scripts.forget(Self.uuid("gamma", 2))
        #expect(await service.definitions().map(\.object.isTask) == [false])
        #expect(await complaint("script.add", 2).hasPrefix("got no script, expected"))
        let relative = await complaint("script.add", 2, ["mirrorstop": .text("script.sh")])
        #expect(relative.hasPrefix("got 'script.sh', expected a path from the root"))
        try store.close()
    }

    @Test func `the points are events that are declared`() {
        for point in ["started", "stopped", "completed"] {
            let event = UnderstudyEvents.all.first { $0.name == "target.mirror.\(point)" }
            #expect(event?.fields.contains { $0.name == ConnectionScripts.connectionFact } == true)
        }
        #expect(UnderstudyEvents.known.contains(.hookFailed))
    }
}

extension CommandRecord {
    fileprivate func with(_ name: String, _ value: CommandValue) -> CommandRecord {
        var record = self
        record[name] = value
        return record
    }
}
