import Identity
import NIOCore
import NIOPosix
import ReplicationModel
import Synchronization
import WireProtocol

@testable import Transport

/// Keeps everything that a link told, in order.
final class Recorder: LinkDelegate {
    enum Event: Sendable, Equatable {
        case frame(FrameHeader, ByteBuffer)
        case drained
        case closed(TransportError)
    }

    let events: AsyncStream<Event>
    private let continuation: AsyncStream<Event>.Continuation
    /// How often `closed` was called; more than once is a mistake.
    let closedCount = Atomic<Int>(0)

    init() { (events, continuation) = AsyncStream.makeStream(of: Event.self) }

    func received(_ header: FrameHeader, body: ByteBuffer) {
        continuation.yield(.frame(header, body))
    }

    func drained() { continuation.yield(.drained) }

    func closed(_ reason: TransportError) {
        closedCount.add(1, ordering: .relaxed)
        continuation.yield(.closed(reason))
        continuation.finish()
    }

    /// The next `count` frames.
    func frames(_ count: Int) async -> [(header: FrameHeader, body: ByteBuffer)] {
        var frames: [(header: FrameHeader, body: ByteBuffer)] = []
        for await event in events {
            switch event {
            case .frame(let header, let body): frames.append((header, body))
            case .drained: continue
            case .closed: return frames
            }
            if frames.count == count { break }
        }
        return frames
    }

    /// Waits for the end; drops the frames before it.
    func reasonOfEnd() async -> TransportError? {
        for await event in events { if case .closed(let reason) = event { return reason } }
        return nil
    }

    /// false: the link ended before.
    func waitUntilDrained() async -> Bool {
        for await event in events {
            switch event {
            case .drained: return true
            case .closed: return false
            case .frame: continue
            }
        }
        return false
    }
}

/// What a server made of the peers that came.
final class Reception: Sendable {
    enum Event: Sendable {
        case accepted(Link, Recorder)
        case refused(TransportError)
    }

    let events: AsyncStream<Event>
    private let continuation: AsyncStream<Event>.Continuation

    init() { (events, continuation) = AsyncStream.makeStream(of: Event.self) }

    func accept(_ link: Link) -> any LinkDelegate {
        let recorder = Recorder()
        continuation.yield(.accepted(link, recorder))
        return recorder
    }

    func refuse(_ error: TransportError, _ address: String) {
        continuation.yield(.refused(error))
    }

    func next() async -> Event? {
        for await event in events { return event }
        return nil
    }
}

/// A listening server, and who may come.
struct Host {
    let identity: ServerIdentity
    let pins: PinStore
    let reception = Reception()
    let server: TransportServer
    let port: Int

    static let address = "127.0.0.77"
    static let group = MultiThreadedEventLoopGroup.singleton

    init(pins fingerprints: [Fingerprint]) async throws {
        identity = try ServerIdentity.temporary(name: "host")
        pins = PinStore(fingerprints)
        server = try TransportServer(
            address: Self.address, port: 0, identity: identity, pins: pins, group: Self.group)
        let reception = reception
        try await server.start(
            accept: { reception.accept($0) }, refused: { reception.refuse($0, $1) })
        port = server.boundPort ?? 0
    }
}

/// Both ends of one link.
struct Pair {
    let host: Host
    let near: Link
    let nearEvents: Recorder
    let far: Link
    let farEvents: Recorder

    struct NoLink: Error {}

    init() async throws {
        let guest = try ServerIdentity.temporary(name: "guest")
        host = try await Host(pins: [guest.fingerprint])
        let recorder = Recorder()
        nearEvents = recorder
        near = try await TransportClient(identity: guest, group: Host.group).connect(
            address: Host.address, port: host.port, expected: host.identity.fingerprint
        ) { _ in recorder }
        guard case .accepted(let link, let events) = await host.reception.next() else {
            throw NoLink()
        }
        far = link
        farEvents = events
    }

    func end() async {
        near.close()
        far.close()
        await host.server.stop()
    }
}

/// A whole frame of `byteCount` bytes of body.
func makeFrame(_ kind: FrameKind = .batch, connection: UInt32 = 1, byteCount: Int) -> ByteBuffer {
    let body = [UInt8](repeating: UInt8(truncatingIfNeeded: byteCount), count: byteCount)
    return body.withUnsafeBytes { bytes in
        let header = FrameHeader(kind, connection: connection, body: bytes)
        var frame = ByteBuffer(bytes: withUnsafeBytes(of: header) { Array($0) })
        frame.writeBytes(bytes)
        return frame
    }
}
