import Foundation
import Testing

extension EndToEnd {
    /// A few rounds of what Scripts/endurance does by the hundred.
    @Suite(.serialized)
    struct Endurance {
        @Test("Power cuts leave both sides equal", .timeLimit(.minutes(4)))
        func power() throws { try rounds(of: "power", 3) }

        @Test("Whatever is killed, nothing is lost", .timeLimit(.minutes(4)))
        func kill() throws { try rounds(of: "kill", 7) }

        @Test("When SYNC says OK, all that was written before it is there", .timeLimit(.minutes(4)))
        func sync() throws { try rounds(of: "sync", 1) }

        private func rounds(of trial: String, _ count: Int) throws {
            try Laboratory.run { laboratory in
                let outcome = try laboratory.child(
                    "/usr/bin/env",
                    [
                        "UNDERSTUDY_PROGRAMS=\(Programs.folder)", Programs.script("endurance"),
                        trial, "--quick", "--stop", "--rounds", "\(count)", "--keep",
                        laboratory.home + "/evidence",
                    ]
                ).wait(seconds: 200)
                print(outcome.errors)
                try #require(outcome.status == 0, "\(outcome.text)")
            }
        }
    }
}
