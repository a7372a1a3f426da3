import Foundation
import Testing

extension EndToEnd {
    @Suite(.serialized)
    struct Flags {
        @Test("Flags of files and folders are mirrored, replicated and verified")
        func flags() throws {
            try Laboratory.run { laboratory in
                try laboratory.makeTree(20)
                try laboratory.shell(
                    """
                    cd '\(laboratory.source)'; mkdir kept; echo 1 > kept/mirrored; echo 2 > later
                    chattr +d kept/mirrored; chattr +A kept
                    """)
                _ = try laboratory.startBoth()
                try laboratory.protect()
                #expect(try flags(laboratory, "kept/mirrored").contains("d"))
                #expect(try flags(laboratory, "kept").contains("A"))
                try #require(try laboratory.command("verify 1").integer == 0)

                try laboratory.shell(
                    "cd '\(laboratory.source)'; chattr +dS later; chattr -d kept/mirrored")
                try laboratory.sync()
                #expect(try flags(laboratory, "later").contains("d"))
                #expect(try flags(laboratory, "later").contains("S"))
                #expect(try !flags(laboratory, "kept/mirrored").contains("d"))
                try #require(try laboratory.command("verify 1").integer == 0)

                try laboratory.shell("chattr -d '\(laboratory.copy)/later'")
                let found = try laboratory.command("verify 1")
                #expect(found.shown.contains("/later: other extended attributes"), "\(found.shown)")
                try laboratory.command("mirror start 1 different; waitonmirror 1")
                try #require(try laboratory.command("verify 1").integer == 0)
            }
        }

        /// Of an object of the copy.
        private func flags(_ laboratory: Laboratory, _ name: String) throws -> String {
            let line = try laboratory.shell("lsattr -d '\(laboratory.copy)/\(name)'")
            return String(line.prefix { $0 != " " })
        }
    }
}
