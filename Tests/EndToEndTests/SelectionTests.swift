import Foundation
import Testing

extension EndToEnd {
    /// What a replication set includes and leaves out, and where it goes.
    @Suite(.serialized)
    struct Selection {
        @Test("What moves into a set arrives, what moves out of it goes, what is excluded stays")
        func rules() throws {
            try Laboratory.run { laboratory in
                let source = laboratory.source
                try laboratory.shell(
                    """
                    mkdir -p '\(source)'/{in/deep,in/cache,outside/tree/deep}; cd '\(source)'
                    for f in in/a in/deep/b in/cache/c outside/tree/deep/d outside/e; do
                        echo $f > $f
                    done
                    """)
                _ = try laboratory.startBoth()
                try laboratory.command(
                    """
                    dtfs mount '\(source)'; repset create part
                    repset rule add '\(source)/in' include to part
                    repset rule add '\(source)/in/cache' exclude to part; repset save part
                    connect part to beta map '\(source)/in' to '\(laboratory.copy)'
                    waitonmirror 1 timeout 20 seconds; sync 1 timeout 20 seconds
                    """)
                try laboratory.requireNames(["a", "deep", "deep/b"])
                for (work, names) in [
                    ("mv outside/tree in/tree", ["a", "deep", "deep/b"] + Self.tree),
                    (
                        "echo more >> in/tree/deep/d; echo e > in/tree/f; echo c > in/cache/g",
                        ["a", "deep", "deep/b", "tree/f"] + Self.tree
                    ),
                    (
                        "mv in/deep outside/deep; echo gone >> outside/deep/b",
                        ["a", "tree/f"] + Self.tree
                    ),
                    (
                        "mv in/a in/cache/a; mv in/cache/c in/c; ln in/c in/tree/c",
                        ["c", "tree/c", "tree/f"] + Self.tree
                    ),
                    (
                        "mv outside/deep in/tree/deep2; rm -r in/tree/deep; mv in/tree in/renamed",
                        [
                            "c", "renamed", "renamed/c", "renamed/deep2", "renamed/deep2/b",
                            "renamed/f",
                        ]
                    ),
                ] {
                    try laboratory.shell("cd '\(source)'; \(work)")
                    try laboratory.sync()
                    try laboratory.requireNames(names)
                }
                let verified = try laboratory.command("verify 1")
                try #require(verified.integer == 0, "\(verified.shown)")
                #expect(try laboratory.status()["targetState"] as? String == "OK")
            }
        }

        private static let tree = ["tree", "tree/deep", "tree/deep/d"]

        /// What moves in is asked for by the target. Where that does not end (things move on all the
        /// time) the connection says that a mirror is required; it never says OK and differs.
        @Test("A random workload across the border of a set arrives, or is said to need a mirror")
        func acrossTheBorder() throws {
            try Laboratory.run { laboratory in
                let inside = laboratory.source + "/in"
                let outside = laboratory.source + "/outside"
                try laboratory.shell("mkdir -p '\(inside)' '\(outside)'")
                _ = try laboratory.startBoth()
                try laboratory.command(
                    """
                    dtfs mount '\(laboratory.source)'; repset create part
                    repset rule add '\(inside)' include to part; repset save part
                    connect part to beta map '\(inside)' to '\(laboratory.copy)'; waitonmirror 1
                    """)
                let seed = Seed.next
                let workload = try laboratory.workload(
                    seed: seed, seconds: 4, folders: [inside, outside])
                try laboratory.requireUndisturbed(workload)
                let synced = try laboratory.ask("sync 1 timeout 40 seconds", seconds: 50)
                if synced.status != 0 {
                    let state = try laboratory.status()["targetState"] as? String
                    try #require(state == "Mirror Required", "\(synced.text)")
                    try laboratory.command(
                        "mirror start 1 different; waitonmirror 1 timeout 60 seconds")
                    try laboratory.sync()
                }
                try laboratory.requireEqual(
                    "after the workload of seed \(seed) across the border", folder: inside)
            }
        }

        @Test("Two folders of one set go where they are mapped, in one order, also across them")
        func twoFolders() throws {
            try Laboratory.run { laboratory in
                let source = laboratory.source
                try laboratory.shell(
                    "mkdir -p '\(source)'/{one,two,other}; echo 1 > '\(source)/one/a'")
                _ = try laboratory.startBoth()
                try laboratory.command(
                    """
                    dtfs mount '\(source)'; repset create both
                    repset rule add '\(source)/one' include to both
                    repset rule add '\(source)/two' include to both; repset save both
                    connect both to beta map base '\(laboratory.copy)'
                    waitonmirror 1 timeout 20 seconds
                    """)
                let base = "\(laboratory.copy)/alpha/both\(source)"
                try laboratory.shell(
                    """
                    cd '\(source)'; mkdir one/d; echo 2 > one/d/b; mv one/d two/d; mv one/a two/a
                    echo 3 > two/a; mv two/a one/c; ln one/c one/e; rm one/e; mv one/c other/c
                    """)
                try laboratory.sync()
                try laboratory.shell(
                    "[ ! -e '\(base)/other' ]; diff -r '\(source)/one' '\(base)/one'")
                try laboratory.shell(
                    "diff -r '\(source)/two' '\(base)/two'; [ -f '\(base)/two/d/b' ]")
                let verified = try laboratory.command("verify 1")
                try #require(verified.integer == 0, "\(verified.shown)")
            }
        }

        @Test("A connection that does not replicate mirrors, and says that SYNC is not for it")
        func mirrorOnly() throws {
            try Laboratory.run { laboratory in
                try laboratory.makeTree(100)
                _ = try laboratory.startBoth()
                let source = laboratory.source
                try laboratory.command(
                    """
                    repset create once; repset rule add '\(source)' include to once
                    repset save once
                    connect once to beta map '\(source)' to '\(laboratory.copy)' noreplicate
                    waitonmirror 1 timeout 20 seconds
                    """)
                try laboratory.requireEqual("after a mirror without a capture")
                try laboratory.shell("cd '\(source)'; echo later > later; rm -r acl")
                #expect(try laboratory.ask("sync 1").code == -1015)
                try laboratory.command("mirror start 1 different, orphans; waitonmirror 1")
                try laboratory.requireEqual("after a mirror of what differs")
            }
        }
    }
}

extension Laboratory {
    fileprivate func requireNames(_ names: [String]) throws {
        let found = try shell("cd '\(copy)'; find . -mindepth 1 -printf '%P\\n'")
        let there = found.split(separator: "\n").map(String.init).sorted()
        try #require(there == names.sorted())
    }
}
