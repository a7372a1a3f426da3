import Foundation
import Testing

extension EndToEnd {
    @Suite(.serialized)
    struct FailingDisk {
        @Test("What a target's disk did not take comes again when the disk works again")
        func writesThatAreLost() throws {
            try Laboratory.run { laboratory in
                let (source, home) = (laboratory.source, laboratory.home)
                laboratory.copy = home + "/disk/copy"
                try makeDisk(laboratory)
                try laboratory.makeTree(60)
                try laboratory.shell("fallocate -l 8M '\(source)/reserved'")
                let (_, beta) = try laboratory.startBoth()
                try laboratory.protect()
                try laboratory.shell(
                    """
                    sync -f '\(home)/disk'; ! cat /dev/zero > '\(home)/memory/full' 2> /dev/null
                    dd if=/dev/urandom of='\(source)/reserved' bs=64k count=128 conv=notrunc \
                    status=none
                    """)
                try Moment.require("the failure", seconds: 15) {
                    let shown = try laboratory.command("status connection 1").shown
                    return shown.contains("did not take what was written")
                        || shown.contains("Read-only file system")
                }
                // What was written and lost is gone with the mount; the server's own state is not.
                try #require(try beta.stop() == 0)
                try laboratory.shell(
                    """
                    rm '\(home)/memory/full'; umount '\(home)/disk'
                    mount -o loop '\(home)/memory/image' '\(home)/disk'
                    echo later > '\(source)/later'
                    """)
                try beta.start()
                try laboratory.requireState { $0 == "OK" }
                try laboratory.sync()
                try laboratory.requireEqual("as it can be read")
                try #require(try beta.stop() == 0)
                try laboratory.shell(
                    "umount '\(home)/disk'; mount -o loop '\(home)/memory/image' '\(home)/disk'")
                try laboratory.requireEqual("as it is on the disk")
            }
        }

        @Test("What the disk did not take of a mirror is written again, not compared")
        func mirrorThatIsLost() throws {
            try Laboratory.run { laboratory in
                let (source, home) = (laboratory.source, laboratory.home)
                laboratory.copy = home + "/disk/copy"
                try makeDisk(laboratory, isWritten: true)
                try laboratory.makeTree(60)
                let (_, beta) = try laboratory.startBoth()
                try laboratory.capture()
                try laboratory.command(
                    laboratory.connectCommand + " noreplicate; waitonmirror 1 timeout 20 seconds")
                try requireSettled(laboratory)
                try laboratory.shell(
                    """
                    sync -f '\(home)/disk'; fstrim '\(home)/disk'
                    ! cat /dev/zero > '\(home)/memory/full' 2> /dev/null
                    head -c 8M /dev/urandom > '\(source)/new'
                    """)
                try laboratory.command("mirror start 1 different")
                try Moment.require("the failure", seconds: 20) {
                    let shown = try laboratory.command("status connection 1").shown
                    return shown.contains("did not take what was written")
                }
                // The same mount, whose memory still has what its disk lacks.
                try laboratory.shell("rm '\(home)/memory/full'")
                try requireSettled(laboratory)
                try laboratory.requireEqual("as it can be read")
                try #require(try beta.stop() == 0)
                try laboratory.shell(
                    "umount '\(home)/disk'; mount -o loop '\(home)/memory/image' '\(home)/disk'")
                try laboratory.requireEqual("as it is on the disk")
            }
        }

        /// Its blocks get their memory when they are written; there is not enough. With `isWritten`
        /// only blocks that a trim has freed have none: what the file system itself needs is there.
        private func makeDisk(_ laboratory: Laboratory, isWritten: Bool = false) throws {
            try laboratory.shell(
                """
                cd '\(laboratory.home)'; mkdir memory disk
                mount -t tmpfs -o size=48m small memory
                truncate -s 40M memory/image; mkfs.ext4 -q -b 4096 \
                -E lazy_itable_init=0,lazy_journal_init=0,nodiscard memory/image
                \(isWritten ? "dd if=memory/image of=memory/image conv=notrunc status=none" : "")
                mount -o loop memory/image disk; rmdir disk/lost+found
                """)
        }

        private func requireSettled(_ laboratory: Laboratory) throws {
            try Moment.require("the mirror on the target's disk", seconds: 20) {
                try laboratory.status()["settled"] as? Bool == true
            }
        }
    }
}
