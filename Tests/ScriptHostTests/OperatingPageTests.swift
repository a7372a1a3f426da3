import CommandModel
import ScriptHost
import Testing

/// The hooks that `Docs/Operating.md` shows do what stands there.
@Suite struct OperatingPageTests {
    private let sample = HookSample()

    /// The texts between ```lua and ``` lines.
    private static let hooks: [String] = {
        let root = #filePath.split(separator: "/").dropLast(3).map { "/\($0)" }.joined()
        var hooks: [String] = []
        var isHook = false
        for line in PageText.read("\(root)/Docs/Operating.md").split(separator: "\n") {
            if line.hasPrefix("```") {
                isHook = line == "```lua"
                if isHook { hooks.append("") }
            } else if isHook {
                hooks[hooks.count - 1] += line + "\n"
            }
        }
        return hooks
    }()

    @Test func `every hook on the page is loaded`() async throws {
        try #require(!Self.hooks.isEmpty, "the page is not found")
        for (index, hook) in Self.hooks.enumerated() {
            sample.folder.write("\(index).lua", hook)
        }
        let reports = await sample.service.reload()
        #expect(reports.count == Self.hooks.count)
        for report in reports {
            #expect(report.outcome == .loaded, "\(report.path): \(report.message)")
        }
    }

    @Test func `the hook that keeps orphans vetoes mirrors that remove them`() async throws {
        let hook = try #require(Self.hooks.first { $0.contains("before.mirror") })
        sample.folder.write("hook.lua", hook)
        _ = await sample.service.reload()
        let removing = RuntimeEvent("before.mirror", ["orphans": .boolean(true)])
        #expect(await sample.service.gate(removing) == .veto(reason: "orphans stay"))
        let keeping = RuntimeEvent("before.mirror", ["orphans": .boolean(false)])
        #expect(await sample.service.gate(keeping) == .proceed)
    }
}
