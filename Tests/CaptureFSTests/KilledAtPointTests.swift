import CaptureFS
import Glibc
import Testing

/// Every server is killed at the same point of its first change, over and over, while work is done
/// that must not notice.
@Suite(.serialized)
struct KilledAtPointTests {
    private static let points = ["begun", "effect", "recorded", "finished", "answered"]

    @Test(arguments: points)
    func `a server that dies at any point of a change is not noticed`(point: String) throws {
        let rig = try CaptureRig(
            options: ["--deaths", "1000000"], environment: ["UNDERSTUDY_DIE_AT=\(point)"])
        defer { rig.stop() }
        let plainBase = try CaptureRig.makeFolder()
        defer { CaptureRig.remove(plainBase) }
        var records: [SeenRecord] = []
        // Those that make thousands of files would kill thousands of servers.
        let all = PosixCase.all.filter { !"\($0)".contains("listing") }
        // In a short run each point has a part of the cases.
        let first = Rounds.isLong ? 0 : Self.points.firstIndex(of: point) ?? 0
        for index in stride(from: first, to: all.count, by: Rounds.isLong ? 1 : 6) {
            let posixCase = all[index]
            let plain = Probe(plainBase + "/case\(index)")
            let mounted = Probe(rig.root + "/case\(index)")
            mkdir(plain.root, 0o755)
            mkdir(mounted.root, 0o755)
            posixCase.run(plain)
            posixCase.run(mounted)
            records += rig.records()
            if plain.lines != mounted.lines {
                let differences = zip(plain.lines, mounted.lines).filter { $0 != $1 }
                    .map { "plain:   \($0)\n  mounted: \($1)" }
                Issue.record("\(posixCase)\n  \(differences.joined(separator: "\n  "))")
            }
        }
        rig.connectAgain()
        #expect(rig.count("takeovers") > 20)
        #expect(rig.count("unread") == 0)
        let differences = try rig.replay(records)
        #expect(differences == [], "\(records.count) records")
    }
}
