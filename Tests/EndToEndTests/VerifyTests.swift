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
                try #require(found.integer == 4, "\(found.shown)")
                for finding in [
                    "damaged: another content", "missing: missing at the target",
                    "extra: at the target only", "mode: another mode",
                ] { #expect(found.shown.contains("/\(finding)"), "\(found.shown)") }
                let log = try laboratory.shell(
                    "cat '\(laboratory.home)/alpha/log/protected DTVerify.log'")
                #expect(log.contains("4 differing"))

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
