import Foundation
import Glibc
import Testing

extension EndToEnd {
    @Suite(.serialized)
    struct Verify {
        @Test("VERIFY finds a damaged byte, a missing and an extra file and a wrong mode")
        func findsDamage() throws {
            try Laboratory.run { laboratory in
                try laboratory.makeTree(100)
                try laboratory.shell(
                    "cd '\(laboratory.source)'; seq 5000 | tee damaged missing > mode"
                )
                _ = try laboratory.startBoth()
                try laboratory.protect()
                try #require(try laboratory.command("verify 1").integer == 0)

                try Self.damage(laboratory.copy + "/damaged")
                try laboratory.shell(
                    "cd '\(laboratory.copy)'; rm missing; echo not ours > extra; chmod 600 mode")
                let found = try laboratory.command("verify 1")
                try #require(found.integer == 5, "\(found.shown)")
                for finding in [
                    "damaged: another content", "missing: missing at the target",
                    "extra: at the target only", "mode: another mode (got 600, expected",
                ] { #expect(found.shown.contains("/\(finding)"), "\(found.shown)") }
                // Whoever removes names in the folder gives it another time.
                #expect(found.shown.contains("\(laboratory.source): another modification time"))
                let log = try laboratory.shell(
                    "cat '\(laboratory.home)/alpha/log/protected DTVerify.log'")
                #expect(log.contains("5 differing"))

                // Size and time are as they were, so only a mirror of everything repairs the byte.
                try laboratory.command("mirror start 1 different, orphans; waitonmirror 1")
                let left = try laboratory.command("verify 1")
                try #require(left.integer == 1, "\(left.shown)")
                try laboratory.command("mirror start 1 full, orphans; waitonmirror 1")
                let repaired = try laboratory.command("verify 1")
                try #require(repaired.integer == 0, "\(repaired.shown)")
                try laboratory.requireEqual("after a full mirror that removes orphans")
            }
        }

        @Test("VERIFY finds lost hard links and the folder's own attributes, says what it got")
        func findsLinks() throws {
            try Laboratory.run { laboratory in
                try laboratory.makeTree(40)
                try laboratory.shell(
                    """
                    cd '\(laboratory.source)'; mkdir one two; echo text > one/first
                    ln one/first two/second; echo other > one/plain; cp -p one/plain two/plain
                    chmod 750 .
                    """)
                _ = try laboratory.startBoth()
                try laboratory.protect()
                let before = try laboratory.command("verify 1")
                try #require(before.integer == 0, "\(before.shown)")
                try laboratory.shell(
                    """
                    cd '\(laboratory.copy)'; touch -r two /tmp/$$.two; touch -r . /tmp/$$.root
                    cp -p two/second two/new; mv two/new two/second
                    ln -f one/plain two/plain
                    chmod 705 .; touch -r /tmp/$$.two two; touch -r /tmp/$$.root .
                    rm /tmp/$$.two /tmp/$$.root
                    """)
                let found = try laboratory.command("verify 1")
                let source = laboratory.source
                for finding in [
                    "\(source): another mode (got 705, expected 750)",
                    "other hard links (got an object of its own, expected another name of \(source)",
                    "other hard links (got another name of \(source)",
                ] { #expect(found.shown.contains(finding), "\(found.shown)") }
                try #require(found.integer == 3, "\(found.shown)")
                let log = try laboratory.shell(
                    "cat '\(laboratory.home)/alpha/log/protected DTVerify.log'")
                #expect(log.contains("3 differing") && log.contains("got 705, expected 750"), "\(log)")
            }
        }

        /// Another byte in the middle; size and times stay.
        private static func damage(_ path: String) throws {
            var before = stat()
            try #require(stat(path, &before) == 0)
            let descriptor = open(path, O_RDWR)
            try #require(descriptor >= 0)
            defer { close(descriptor) }
            var byte: UInt8 = 0
            try #require(pread(descriptor, &byte, 1, 777) == 1)
            byte ^= 1
            try #require(pwrite(descriptor, &byte, 1, 777) == 1)
            try #require(futimens(descriptor, [before.st_atim, before.st_mtim]) == 0)
        }
    }
}
