import Foundation
import Testing

extension EndToEnd {
    /// Disks that are full, broken, or cannot hold everything.
    @Suite(.serialized)
    struct Trouble {
        @Test("A full disk at the target is waited for, shown, and nothing is lost")
        func fullDisk() throws {
            try Laboratory.run { laboratory in
                let (source, disk) = (laboratory.source, laboratory.home + "/disk")
                laboratory.copy = disk + "/copy"
                try laboratory.shell(
                    """
                    mkdir '\(source)' '\(disk)'; mount -t tmpfs -o size=4m small '\(disk)'
                    cd '\(disk)'
                    head -c 3000000 /dev/zero > ballast
                    head -c 2500000 /dev/urandom > '\(source)/big'
                    """)
                _ = try laboratory.startBoth()
                try laboratory.capture()
                try laboratory.command(laboratory.connectCommand)
                try laboratory.requireRetrying()
                try laboratory.shell("rm '\(disk)/ballast'")
                try laboratory.command(
                    "waitonmirror 1 timeout 20 seconds; sync 1 timeout 20 seconds")
                try laboratory.requireEqual("after a mirror onto a full disk")

                try laboratory.shell("head -c 1300000 /dev/zero > '\(disk)/ballast'")
                try laboratory.shell(
                    """
                    cd '\(source)'; head -c 1000000 /dev/urandom > more; mkdir inner; mv more inner
                    echo last > inner/last; chmod 600 inner/last; rm -f none
                    """)
                try laboratory.requireRetrying()
                let late = try laboratory.ask("sync 1 timeout 1 seconds")
                #expect(late.code == -1001, "\(late.text)")
                try laboratory.shell("rm '\(disk)/ballast'")
                try laboratory.sync()
                try laboratory.requireEqual("after changes onto a full disk")
                #expect(try laboratory.counter("skipped") == 0)
            }
        }

        @Test("A file that cannot be read is named, and the rest goes on")
        func unreadable() throws {
            try Laboratory.run { laboratory in
                let (source, home) = (laboratory.source, laboratory.home)
                try laboratory.shell(
                    """
                    cd '\(home)'; mkdir protected; truncate -s 8M image
                    mkfs.ext4 -q -O ^metadata_csum -b 4096 image; mount -o loop image protected
                    cd protected; rmdir lost+found; echo fine > fine
                    head -c 131072 /dev/urandom > broken
                    for n in 1 3 5 7 9 11 13 15; do
                        fallocate -p -o $((n * 8192)) -l 4096 broken
                    done
                    cd ..; umount protected
                    debugfs -R 'stat broken' image 2>/dev/null > about
                    block=$(grep -o 'ETB[0-9]*):[0-9]*' about | head -n 1 | cut -d: -f2)
                    [ -n "$block" ]
                    dd if=/dev/zero of=image bs=4096 seek=$block count=1 conv=notrunc status=none
                    mount -o loop,errors=continue image protected
                    ! cat protected/broken > /dev/null 2>&1
                    """)
                _ = try laboratory.startBoth()
                try laboratory.protect()
                try laboratory.shell("cd '\(source)'; echo later > later")
                try laboratory.sync()
                try laboratory.shell("cmp '\(source)/fine' '\(laboratory.copy)/fine'")
                try laboratory.shell("cmp '\(source)/later' '\(laboratory.copy)/later'")
                #expect(try laboratory.counter("unreadable") == 1)
                let log = try #require(laboratory.servers.first).log
                #expect(log.contains("/broken"), "the log names it: \(log)")
            }
        }

        @Test(
            "What the target's file system cannot hold is counted and named, and the rest goes on")
        func unsupported() throws {
            try Laboratory.run { laboratory in
                let (source, disk) = (laboratory.source, laboratory.home + "/disk")
                laboratory.copy = disk + "/copy"
                try laboratory.shell(
                    """
                    mkdir '\(source)' '\(disk)'; mount -t ramfs plain '\(disk)'
                    cd '\(source)'; echo text > marked
                    """)
                _ = try laboratory.startBoth()
                try laboratory.capture()
                try laboratory.command(laboratory.connectCommand + "; waitonmirror 1")
                try laboratory.shell(
                    "cd '\(source)'; setfattr -n user.note -v text marked; echo after > after")
                try laboratory.sync()
                try laboratory.shell("cmp '\(source)/after' '\(laboratory.copy)/after'")
                let status = try laboratory.status()
                #expect((status["problems"] as? NSNumber)?.intValue == 1, "\(status)")
                let problem = status["lastProblem"] as? String ?? ""
                #expect(problem.contains("marked"), "\(status)")
                #expect(status["targetState"] as? String == "OK")
            }
        }
    }
}

extension Laboratory {
    fileprivate func requireRetrying() throws {
        try Moment.require("the state Retrying", seconds: 15) {
            try status()["targetState"] as? String == "Retrying"
        }
        let reason = try status()["reason"] as? String ?? ""
        #expect(reason.contains("No space left"), "the reason is '\(reason)'")
    }
}
