import Foundation
import Testing

extension EndToEnd {
    @Suite(.serialized)
    struct Workload {
        @Test("A random workload arrives, also while full and different mirrors run")
        func randomWorkload() throws {
            try Laboratory.run { laboratory in
                try laboratory.makeTree(300)
                _ = try laboratory.startBoth()
                try laboratory.protect()
                let seed = Seed.next

                let first = try laboratory.workload(seed: seed, seconds: 6)
                try laboratory.requireUndisturbed(first)
                try laboratory.sync()
                try laboratory.requireEqual("after the workload of seed \(seed)")

                for (index, kind) in ["full", "different"].enumerated() {
                    let seed = seed + UInt64(index) + 1
                    let workload = try laboratory.workload(seed: seed, seconds: 4)
                    try Moment.require("the workload's first steps", seconds: 10) {
                        workload.output.contains("reached 250")
                    }
                    try laboratory.command(
                        "mirror start 1 \(kind); waitonmirror 1 timeout 30 seconds")
                    try laboratory.requireUndisturbed(workload)
                    try laboratory.sync()
                    try laboratory.requireEqual(
                        "after a \(kind) mirror in the workload of seed \(seed)")
                }
            }
        }
    }
}
