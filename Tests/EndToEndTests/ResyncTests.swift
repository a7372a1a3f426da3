import Foundation
import Testing

extension EndToEnd {
    /// What did not go the ordinary way is put right without being asked, and without sending
    /// everything again.
    @Suite(.serialized)
    struct Resync {
        /// More than the memory of the queue takes, with deletions and renames.
        private func change(_ laboratory: Laboratory) throws {
            try laboratory.shell(
                """
                cd '\(laboratory.source)'; echo before > before
                for n in 1 2 3 4; do head -c 16000000 /dev/urandom > big$n; done
                rm -r acl; mv big1 moved; mkdir later; mv big2 later/; echo after > after
                """)
        }

        @Test("What the memory cannot hold goes to the disk and arrives in order")
        func diskQueue() throws {
            try Laboratory.run { laboratory in
                try laboratory.makeTree(60)
                let alpha = try laboratory.start("alpha", settings: "journalMemoryMB: 32\n")
                let beta = try laboratory.start("beta")
                try laboratory.protect()
                try #require(try beta.stop() == 0)
                try change(laboratory)
                try laboratory.shell("ls '\(laboratory.home)'/alpha/queue/*.seg")
                try beta.start()
                try laboratory.command("sync 1 timeout 40 seconds", seconds: 50)
                try laboratory.requireEqual("after the queue was delivered")
                #expect(!alpha.log.contains("a resync is needed"))
            }
        }

        @Test("A full queue holds up no application and is followed by a resync")
        func queueFull() throws {
            try Laboratory.run { laboratory in
                try laboratory.makeTree(60)
                let alpha = try laboratory.start(
                    "alpha", settings: "journalMemoryMB: 32\nqueueDiskMB: 0\n")
                let beta = try laboratory.start("beta")
                try laboratory.protect()
                try #require(try beta.stop() == 0)
                try change(laboratory)
                try beta.start()
                try laboratory.command("sync 1 timeout 40 seconds", seconds: 50)
                try laboratory.requireEqual("after a resync")
                #expect(alpha.log.contains("the queue was full and changes were marked instead"))
                #expect(alpha.log.contains("resync completed"))
                let sent = try #require(try laboratory.status()["mirrorBytesTransferred"] as? Int)
                #expect(sent < 70_000_000, "sent \(sent) bytes for 64 MB of changes")
            }
        }

        @Test("When all processes are killed the queue is still there")
        func allKilled() throws {
            try Laboratory.run { laboratory in
                try laboratory.makeTree(60)
                let (alpha, beta) = try laboratory.startBoth()
                try laboratory.protect()
                try #require(try beta.stop() == 0)
                try laboratory.shell("cd '\(laboratory.source)'; echo queued > queued; rm -r acl")
                try alpha.kill()
                laboratory.killCaptures()
                try laboratory.shell(
                    "umount -l '\(laboratory.source)' && echo unseen > '\(laboratory.source)/unseen'")
                try alpha.start()
                try beta.start()
                try laboratory.command("sync 1 timeout 40 seconds", seconds: 50)
                try laboratory.requireEqual("after all were killed")
                #expect(!alpha.log.contains("queue did not survive"))
            }
        }

        @Test("A source whose memory is gone, as after a power cut, resyncs what may differ")
        func memoryLost() throws {
            try Laboratory.run { laboratory in
                try laboratory.makeTree(60)
                let (alpha, beta) = try laboratory.startBoth()
                try laboratory.protect()
                try #require(try beta.stop() == 0)
                try laboratory.shell("cd '\(laboratory.source)'; echo lost > lost; rm -r acl")
                try alpha.kill()
                laboratory.killCaptures()
                try laboratory.shell("rm -r '\(laboratory.home)'/alpha/memory/*")
                try alpha.start()
                try beta.start()
                try laboratory.command("sync 1 timeout 40 seconds", seconds: 50)
                try laboratory.requireEqual("after the memory was lost")
                #expect(alpha.log.contains("the source's queue did not survive"))
                #expect(alpha.log.contains("resync completed"))
            }
        }
    }
}
