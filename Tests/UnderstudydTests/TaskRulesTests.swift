import CommandModel
import Foundation
import Logging
import ScriptHost
import StateStore
import Testing

@testable import understudyd

@Suite struct TaskRulesTests {
    private let folder: TemporaryFolder
    private let store: StateStore
    private let logger = Logger(label: "test")

    init() throws {
        folder = try TemporaryFolder()
        store = try StateStore(directory: folder.path)
    }

    private func script(_ name: String, mode: mode_t = 0o755) throws -> ScriptObject {
        let path = folder.path + "/" + name
        let parent = URL(fileURLWithPath: path).deletingLastPathComponent().path
        try FileManager.default.createDirectory(
            atPath: parent, withIntermediateDirectories: true)
        try "true\n".write(toFile: path, atomically: true, encoding: .utf8)
        chmod(parent, 0o755)
        chmod(path, mode)
        return try ScriptObject.named(path)
    }

    private func say(
        _ rules: TaskRules, _ command: String, _ arguments: CommandRecord = [:]
    ) throws -> CommandResult? {
        try rules.execute(CommandRequest(command: command, arguments: arguments))
    }

    @Test func `nothing runs until it is allowed, and nothing else than what is allowed`() throws {
        let inside = try script("tasks/inside.sh")
        let outside = try script("tasks.sh")
        let rules = TaskRules(store, logger)
        #expect(rules.objection(inside)?.code == ErrorCode.scriptsClosed.rawValue)
        _ = try say(rules, "taskcmd.enable", ["plan": .boolean(true)])
        #expect(rules.objection(inside) != nil)
        _ = try say(rules, "taskcmd.enable", ["allow": .text(folder.path + "/tasks")])
        #expect(rules.objection(inside) == nil)
        #expect(rules.objection(outside)?.message.contains("none of what") == true)
        // A link does not lead out of what is allowed.
        symlink(folder.path + "/tasks.sh", folder.path + "/tasks/link.sh")
        let link = try ScriptObject.named(folder.path + "/tasks/link.sh")
        #expect(rules.objection(link)?.message.contains("none of what") == true)

        let again = TaskRules(store, logger)
        #expect(again.objection(inside) == nil && again.objection(outside) != nil)
        _ = try say(again, "taskcmd.enable", ["allow": .text(folder.path + "/tasks.sh")])
        #expect(again.objection(outside) == nil && again.objection(inside) == nil)
        _ = try say(again, "taskcmd.disable")
        #expect(again.objection(outside) != nil)
        #expect(try say(again, "taskcmd.list")?.value.record?["enabled"] == .boolean(false))
        _ = try say(again, "taskcmd.enable")
        #expect(again.objection(outside) == nil && again.objection(inside) == nil)
        try store.close()
    }

    @Test func `what others can change does not run`() throws {
        let rules = TaskRules(store, logger)
        _ = try say(rules, "taskcmd.enable")
        #expect(rules.objection(try script("open.sh", mode: 0o777)) != nil)
        #expect(rules.objection(try script("group.sh", mode: 0o775)) != nil)
        let below = try script("folder/below.sh")
        #expect(rules.objection(below) == nil)
        chmod(folder.path + "/folder", 0o777)
        #expect(rules.objection(below)?.message.contains("/folder'") == true)
        // Nobody can take away there what belongs to root.
        chmod(folder.path + "/folder", 0o1777)
        #expect(rules.objection(below) == nil)
        if geteuid() == 0 {
            chown(folder.path + "/folder/below.sh", 65_534, 0)
            #expect(rules.objection(below)?.message.contains("does not belong to root") == true)
        }
        for path in ["/nowhere", "relative", folder.path + "/open.sh"] {
            #expect(throws: CommandError.self, "\(path)") {
                _ = try say(rules, "taskcmd.enable", ["allow": .text(path)])
            }
        }
        try store.close()
    }

    @Test func `rules that cannot be read allow nothing`() throws {
        try store.setSetting("tasks", to: "{")
        #expect(TaskRules(store, logger).objection(try script("a.sh")) != nil)
        try store.close()
    }
}
