import Foundation
import Testing

extension EndToEnd {
    /// One set at several targets, and what a set's rules do over the borders of mounts.
    @Suite(.serialized)
    struct Targets {
        @Test("A target that is away and overflows the queue does not disturb the other one")
        func two() throws {
            try Laboratory.run { laboratory in
                try laboratory.makeTree(60)
                let alpha = try laboratory.start(
                    "alpha", settings: "journalMemoryMB: 32\nqueueDiskMB: 0\n")
                try laboratory.start("beta")
                let gamma = try laboratory.start("gamma")
                let (near, far) = (laboratory.copy, laboratory.home + "/far")
                try laboratory.protect()
                try laboratory.command(
                    """
                    connect protected to gamma map '\(laboratory.source)' to '\(far)'
                    waitonmirror 2 timeout 20 seconds; sync 2 timeout 20 seconds
                    """)
                try Moment.require("the second mirror on the target's disk", seconds: 15) {
                    try laboratory.command("status connection 2").record["settled"] as? Bool == true
                }
                try gamma.kill()

                // The queue's memory is for both; it is full four times over.
                let workload = try laboratory.workload(seed: Seed.next, seconds: 3)
                for number in 1...24 {
                    try laboratory.shell(
                        "head -c 5000000 /dev/urandom > '\(laboratory.source)/big-\(number % 3)'")
                    // So much at once is too much for nobody but the one that is away: room is made
                    // by what is on the near target's disk.
                    try laboratory.sync()
                    try laboratory.requireDurable()
                    let state = try laboratory.status()["targetState"] as? String
                    #expect(state == "OK", "the near target's state is \(state ?? "none")")
                }
                try gamma.start()
                try laboratory.requireUndisturbed(workload)
                try laboratory.sync()
                try laboratory.requireEqual("at the near target")
                try laboratory.command(
                    "waitonmirror 2 timeout 40 seconds; sync 2 timeout 40 seconds", seconds: 90)
                laboratory.copy = far
                try laboratory.requireEqual("at the far target")
                laboratory.copy = near
                try laboratory.requireEqual("at the near target")
                let lines = alpha.log.split(separator: "\n").filter {
                    $0.contains("a resync is needed") || $0.contains("resync started")
                }
                #expect(!lines.isEmpty && lines.allSatisfy { $0.hasSuffix("connection=2") })
            }
        }

        @Test("A move across two mounts of a set, and into it and out of it, arrives whole")
        func acrossMounts() throws {
            try Laboratory.run { laboratory in
                let (source, copy) = (laboratory.source, laboratory.copy)
                try laboratory.shell(
                    """
                    mkdir -p '\(source)'/{one/in,one/out,other}; cd '\(source)'
                    mkdir -p one/out/tree/deep; echo deep > one/out/tree/deep/file; echo 1 > one/in/a
                    """)
                _ = try laboratory.startBoth()
                try laboratory.command(
                    """
                    dtfs mount '\(source)/one'; dtfs mount '\(source)/other'; repset create both
                    repset rule add '\(source)/one/in' include to both
                    repset rule add '\(source)/other' include to both; repset save both
                    connect both to beta map '\(source)' to '\(copy)'
                    waitonmirror 1 timeout 20 seconds
                    """)
                try laboratory.shell(
                    """
                    cd '\(source)'
                    python3 -c 'import os, errno
                    try: os.rename("one/in/a", "other/a")
                    except OSError as error: assert error.errno == errno.EXDEV, error
                    else: assert False, "renamed across mounts"'
                    mv one/in/a other/a; mv one/out/tree one/in/tree; echo more >> one/in/tree/deep/file
                    mv one/in/tree other/tree; mkdir one/in/back; echo 2 > other/tree/b
                    mv other/tree one/in/back/; mv one/in/back one/out/; echo 3 > one/out/back/tree/c
                    mv one/out/back/tree one/in/; rm one/in/tree/b
                    """)
                try laboratory.sync()
                for folder in ["one/in", "other"] {
                    laboratory.copy = copy + "/" + folder
                    try laboratory.requireEqual("below \(folder)", folder: source + "/" + folder)
                }
                #expect(try laboratory.shell("cat '\(copy)/one/in/tree/c'") == "3\n")
                #expect(!FileManager.default.fileExists(atPath: copy + "/one/out"))
                // What moved in is mirrored; VERIFY does not wait for that.
                try laboratory.command("waitonmirror 1 timeout 20 seconds")
                let verified = try laboratory.command("verify 1")
                #expect(verified.integer == 0, "\(verified.shown)")
            }
        }
    }
}

extension Laboratory {
    /// The near target has on its disk all that was written until now.
    fileprivate func requireDurable() throws {
        let newest = try counter("newestSequence")
        try Moment.require("change \(newest) on the target's disk", seconds: 30) {
            try counter("durableSequence") >= newest
        }
    }
}
