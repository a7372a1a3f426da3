import CommandModel
import Foundation
import SessionCore
import StateStore
import Testing

@testable import Runtime

@Suite("What STATUS shows")
struct StatusTextTests {
    private let folder = FileManager.default.temporaryDirectory
        .appending(path: "understudy-status-\(UUID().uuidString)").path

    private func plan() throws -> ConnectionPlan {
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let store = try StateStore(directory: folder)
        _ = try store.openServer(name: "alpha")
        _ = try store.createReplicationSet("data")
        let rule = ReplicationRule(path: "/srv/data", included: true, recursive: true)
        _ = try store.addRule(rule, to: "data")
        _ = try store.saveReplicationSet("data")
        let print = String(repeating: "a", count: 64)
        try store.savePeer(
            Peer(
                serverID: "1", name: "beta", address: "192.0.2.1", port: 1500, fingerprint: print))
        let connection = try store.addOutgoingConnection(
            set: "data", peerID: "1",
            mappings: [PathMapping(source: "/srv/data", target: "/copy")], replicates: true,
            removesOrphans: false, mirrorState: .done, establishedNanoseconds: 1)
        try store.close()
        return ConnectionPlan(connection, roots: [], mountPaths: ["/srv/data"])
    }

    @Test("a resync shows percent, objects and bytes, all of them counted")
    func resync() throws {
        defer { try? FileManager.default.removeItem(atPath: folder) }
        var snapshot = ConnectionSnapshot()
        snapshot.state = .resyncing(.queueFull)
        (snapshot.isMirroring, snapshot.isResync, snapshot.mirrorPercent) = (true, true, 40)
        (snapshot.mirrorObjectsDone, snapshot.mirrorObjectsTotal) = (4000, 5000)
        (snapshot.objectsSuspect, snapshot.bytesCompared) = (12, 3 << 20)
        (snapshot.bytesToCompare, snapshot.bytesSentNow) = (10 << 20, 1 << 20)
        let text = StatusText(plan: try plan(), snapshot: snapshot)
        #expect(
            text.progressLine
                == "Resynchronizing 40%: 4000 of 5000 objects looked at, 12 suspect, "
                + "3.0 MB of 10.0 MB compared, 1.0 MB sent")
        #expect(text.value["mirrorPercent"] == .integer(40))
        #expect(text.value["mirrorObjectsTotal"] == .integer(5000))
        #expect(text.value["bytesToCompare"] == .integer(10 << 20))
        #expect(text.lines.contains("Mapping:".padded(to: 34) + "/srv/data -> /copy"))
    }

    @Test("a folder that is not captured is an error, whatever is believed of the target")
    func notCaptured() throws {
        defer { try? FileManager.default.removeItem(atPath: folder) }
        var snapshot = ConnectionSnapshot()
        snapshot.state = .ok
        snapshot.captures = ["/srv/data": CaptureFacts(problem: "it is gone")]
        let text = StatusText(plan: try plan(), snapshot: snapshot)
        #expect(text.value["targetState"] == .text("Error"))
        #expect(text.value["reason"] == .text("it is gone"))
        #expect(
            text.value["captures"] == .list([.text("/srv/data is not captured: it is gone")]))
        #expect(text.line.contains("Error"))
    }

    @Test("every field of a resync is there for scripts, also when there was none")
    func fields() throws {
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let text = StatusText(plan: try plan(), snapshot: ConnectionSnapshot())
        let known = ResyncReport(reason: "x", started: 1).facts.fields
        for field in known {
            let value = text.value[field.name]
            #expect(value == .text("") || value == .integer(0), "\(field.name)")
        }
        #expect(text.value["unbrokenSince"] == .text(""))
    }
}
