import Foundation
import Testing

@testable import StateStore

@Suite struct ReplicationSetTests {
    let folder: TemporaryFolder
    let store: StateStore

    init() throws {
        folder = try TemporaryFolder()
        store = try StateStore(directory: folder.path)
    }

    @Test func `names keep their case and are the same without it`() throws {
        try store.createReplicationSet("Daten Ä")
        #expect(try store.replicationSet("daten ä").name == "Daten Ä")
        #expect(throws: StateStoreError.replicationSetExists("Daten Ä")) {
            try store.createReplicationSet("DATEN Ä")
        }
        try store.deleteReplicationSet("DATEN ä")
        #expect(throws: StateStoreError.noSuchReplicationSet("Daten Ä")) {
            try store.replicationSet("Daten Ä")
        }
    }

    @Test(arguments: [
        "", "a.b", "a?", "<a", "a>", "a:b", "a\"b", "a\\b", "a/b", "*", "a|b", " a", "a ", "a\nb",
        "17", String(repeating: "n", count: 65),
    ])
    func `a name that cannot be used is refused`(name: String) throws {
        #expect(throws: StateStoreError.self) { try store.createReplicationSet(name) }
        #expect(try store.replicationSets().isEmpty)
    }

    @Test func `each change makes a new generation and only a save makes it count`() throws {
        #expect(try store.createReplicationSet("docs").generation == 1)
        let edited = try store.addRule(ReplicationRule(path: "/srv/docs"), to: "docs", expecting: 1)
        #expect(edited.generation == 2)
        #expect(!edited.isSaved)
        #expect(edited.savedRules.isEmpty)
        let saved = try store.saveReplicationSet("docs")
        #expect(saved.set.generation == 3)
        #expect(saved.set.isSaved)
        #expect(saved.changed)
        #expect(saved.set.savedRules == [ReplicationRule(path: "/srv/docs")])
        let again = try store.saveReplicationSet("docs")
        #expect(!again.changed)
        #expect(again.set.generation == 3)
    }

    @Test func `an edit of an old generation is refused`() throws {
        try store.createReplicationSet("docs")
        try store.addRule(ReplicationRule(path: "/a"), to: "docs", expecting: 1)
        #expect(
            throws: StateStoreError.replicationSetChanged("docs", generation: 2, expected: 1)
        ) {
            try store.addRule(ReplicationRule(path: "/b"), to: "DOCS", expecting: 1)
        }
        #expect(try store.replicationSet("docs").rules.map(\.path) == ["/a"])
    }

    @Test func `of many edits of one generation exactly one happens`() throws {
        try store.createReplicationSet("docs")
        let store = store
        let winners = Counter()
        DispatchQueue.concurrentPerform(iterations: 16) { number in
            let rule = ReplicationRule(path: "/data/\(number)")
            if (try? store.addRule(rule, to: "docs", expecting: 1)) != nil { winners.add() }
        }
        #expect(winners.value == 1)
        #expect(try store.replicationSet("docs").rules.count == 1)
        #expect(try store.replicationSet("docs").generation == 2)
    }

    @Test func `a rule is removed by its path`() throws {
        try store.createReplicationSet("docs")
        try store.addRule(ReplicationRule(path: "/a"), to: "docs")
        #expect(throws: StateStoreError.noSuchRule(path: "/b", set: "docs")) {
            try store.removeRule(path: "/b", from: "docs")
        }
        #expect(try store.removeRule(path: "/a", from: "docs").rules.isEmpty)
    }

    @Test func `rules come back in their order after a restart`() throws {
        try store.createReplicationSet("docs")
        let rules = [
            ReplicationRule(path: "/z", included: true, recursive: true),
            ReplicationRule(path: "/z/tmp", included: false, recursive: true),
            ReplicationRule(path: "/a", included: true, recursive: false),
        ]
        for rule in rules { try store.addRule(rule, to: "docs") }
        try store.close()
        let reopened = try StateStore(directory: folder.path)
        #expect(try reopened.replicationSet("docs").rules == rules)
    }

    @Test func `a wide rule swallows narrower ones of its kind`() {
        var rules: [ReplicationRule] = []
        rules = rules.adding(ReplicationRule(path: "/a/b/c"))
        rules = rules.adding(ReplicationRule(path: "/a/x", included: false))
        rules = rules.adding(ReplicationRule(path: "/a/x/y"))
        rules = rules.adding(ReplicationRule(path: "/ab"))
        rules = rules.adding(ReplicationRule(path: "/a"))
        // What lies below the excluded folder says something of its own, and '/ab' is elsewhere.
        #expect(rules.map(\.path) == ["/a/x", "/a/x/y", "/ab", "/a"])
        #expect(rules.adding(ReplicationRule(path: "/a/q")) == rules)
        #expect(rules.adding(ReplicationRule(path: "/a/x/z")).count == rules.count + 1)
    }

    @Test func `a rule for the same path replaces the former`() {
        let rules = [ReplicationRule(path: "/a")]
            .adding(ReplicationRule(path: "/a", included: false, recursive: false))
        #expect(rules == [ReplicationRule(path: "/a", included: false, recursive: false)])
    }
}

private final class Counter: @unchecked Sendable {
    private let lock = NSLock()
    private var count = 0

    var value: Int { lock.withLock { count } }
    func add() { lock.withLock { count += 1 } }
}
