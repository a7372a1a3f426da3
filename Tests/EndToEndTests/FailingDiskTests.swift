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
                // Blocks of the disk get their memory when they are written; there is not enough.
                try laboratory.shell(
                    """
                    cd '\(home)'; mkdir memory disk; mount -t tmpfs -o size=48m small memory
                    truncate -s 40M memory/image; mkfs.ext4 -q -b 4096 \
                    -E lazy_itable_init=0,lazy_journal_init=0 memory/image
                    mount -o loop memory/image disk; rmdir disk/lost+found
                    """)
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
    }
}
