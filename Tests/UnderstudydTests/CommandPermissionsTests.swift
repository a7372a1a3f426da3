import ControlServer
import Testing

@testable import understudyd

@Suite struct CommandPermissionsTests {
    @Test func `looking needs monitor access and changing full`() {
        for command in [
            "repset.list", "repset.display", "connections", "status", "dtfs.list", "script.list",
            "script.history", "events", "settings", "setting.get", "taskcmd.list",
        ] {
            #expect(CommandPermissions.needed(for: command) == .monitor, "\(command)")
        }
        for command in [
            "connect", "disconnect", "dtfs.mount", "dtfs.unmount", "mirror.start", "mirror.stop",
            "pair", "repset.create", "repset.delete", "repset.rule.add", "repset.rule.remove",
            "repset.save", "verify", "run.remote", "script.add", "script.delete", "setting.set",
            "taskcmd.enable", "taskcmd.disable", "hook.add", "hook.remove", "hooks.test",
        ] { #expect(CommandPermissions.needed(for: command) == .full, "\(command)") }
        #expect(CommandPermissions.needed(for: "repset") == nil)
        #expect(CommandPermissions.needed(for: "") == nil)
    }
}
