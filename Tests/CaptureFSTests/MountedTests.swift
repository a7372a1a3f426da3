import CaptureFS
import Glibc
import Testing

/// Every case runs below a plain folder and below a captured one; what is seen must be the same.
@Suite(.serialized)
struct MountedTests {
    @Test func `the mount behaves like the folder below it`() throws {
        let rig = try CaptureRig()
        defer { rig.stop() }
        let plainBase = try CaptureRig.makeFolder()
        defer { CaptureRig.remove(plainBase) }
        for (index, posixCase) in PosixCase.all.enumerated() {
            let plain = Probe(plainBase + "/case\(index)")
            let mounted = Probe(rig.root + "/case\(index)")
            mkdir(plain.root, 0o755)
            mkdir(mounted.root, 0o755)
            posixCase.run(plain)
            posixCase.run(mounted)
            #expect(!plain.lines.isEmpty, "\(posixCase)")
            if plain.lines != mounted.lines {
                let differences = zip(plain.lines, mounted.lines).filter { $0 != $1 }
                    .map { "plain:   \($0)\n  mounted: \($1)" }
                Issue.record("\(posixCase)\n  \(differences.joined(separator: "\n  "))")
            }
        }
    }
}
