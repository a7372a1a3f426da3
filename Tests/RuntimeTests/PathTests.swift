import CommandModel
import StateStore
import Testing

@testable import Runtime

@Suite("Paths and mappings")
struct PathTests {
    @Test("a path lies below its parents and not below a name that only begins alike")
    func below() {
        #expect(Paths.lies("/srv/data/a", below: "/srv/data"))
        #expect(!Paths.lies("/srv/database", below: "/srv/data"))
        #expect(!Paths.lies("/srv/data", below: "/srv/data"))
        #expect(Paths.lies("/a", below: "/"))
        #expect(Paths.overlap("/srv", "/srv/data"))
        #expect(!Paths.overlap("/srv/a", "/srv/b"))
    }

    @Test("what is left of a path below its parent")
    func relative() {
        #expect(Paths.relative("/srv/data/a/b", to: "/srv/data") == "a/b")
        #expect(Paths.relative("/srv/data", to: "/srv/data") == "")
        #expect(Paths.relative("/a", to: "/") == "a")
        #expect(Paths.relative("/other", to: "/srv") == nil)
    }

    func mapping(_ arguments: CommandRecord) throws(CommandError) -> MappingPlan {
        try MappingPlan(
            Arguments(CommandRequest(command: "connect", arguments: arguments)), setName: "web",
            sourceName: "alpha")
    }

    @Test("EXACT keeps the path, BASE puts server, set and path below it")
    func exactAndBase() throws {
        #expect(
            try mapping(["map": .text("exact")]).targets(of: ["/srv"]).map(\.target) == ["/srv"])
        let base = try mapping(["map": .text("base"), "base": .text("/copies")])
        #expect(
            try base.targets(of: ["/srv/data"]).map(\.target) == ["/copies/alpha/web/srv/data"])
    }

    @Test("of several pairs the longest that fits decides")
    func pairs() throws {
        let plan = try mapping([
            "map": .list([
                .record(["from": .text("/srv/"), "to": .text("/copy/")]),
                .record(["from": .text("/srv/data"), "to": .text("/other")]),
            ])
        ])
        #expect(
            try plan.targets(of: ["/srv/web", "/srv/data/x"]).map(\.target)
                == ["/copy/web", "/other/x"])
    }

    @Test("two folders that would go to one place are refused")
    func collision() throws {
        let plan = try mapping([
            "map": .list([
                .record(["from": .text("/a"), "to": .text("/copy")]),
                .record(["from": .text("/b"), "to": .text("/copy")]),
            ])
        ])
        let error = #expect(throws: CommandError.self) { try plan.targets(of: ["/a", "/b"]) }
        #expect(error?.code == ErrorCode.pathsOverlap.rawValue)
    }

    @Test("a path that climbs is refused")
    func climbing() {
        #expect(throws: CommandError.self) {
            try mapping(["map": .text("base"), "base": .text("/copies/../etc")])
        }
        #expect(throws: CommandError.self) {
            try mapping(["map": .text("base"), "base": .text("copies")])
        }
    }
}
