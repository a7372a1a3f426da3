import Identity
import NIOCore
import NIOPosix
import Synchronization
import Testing
import WireProtocol

@testable import Transport

@Suite(.timeLimit(.minutes(1))) struct HandshakeTests {
    /// How an attempt ended, from the side of the one who came: with TLS 1.3 a refusal of the own
    /// certificate can arrive after the handshake is done on this side.
    private static func knock(
        _ host: Host, as guest: ServerIdentity, expecting fingerprint: Fingerprint? = nil
    ) async throws -> TransportError? {
        let recorder = Recorder()
        do {
            _ = try await TransportClient(identity: guest, group: Host.group).connect(
                address: Host.address, port: host.port,
                expected: fingerprint ?? host.identity.fingerprint
            ) { _ in recorder }
        } catch {
            return error
        }
        return await recorder.reasonOfEnd()
    }

    private static func isRefusal(_ error: TransportError?) -> Bool {
        if case .refusedByPeer("SSLV3_ALERT_CERTIFICATE_UNKNOWN") = error { true } else { false }
    }

    private static func refusal(_ host: Host) async -> TransportError? {
        if case .refused(let error) = await host.reception.next() { error } else { nil }
    }

    @Test func aPeerThatNobodyPinnedIsRefusedByTheServer() async throws {
        let host = try await Host(pins: [])
        let stranger = try ServerIdentity.temporary(name: "stranger")
        #expect(Self.isRefusal(try await Self.knock(host, as: stranger)))
        #expect(await Self.refusal(host) == .notPinned(stranger.fingerprint))
        await host.server.stop()
    }

    @Test func aServerWithAnotherCertificateIsRefusedByTheClient() async throws {
        let guest = try ServerIdentity.temporary(name: "guest")
        let host = try await Host(pins: [guest.fingerprint])
        let old = try ServerIdentity.temporary(name: "host")
        let error = try await Self.knock(host, as: guest, expecting: old.fingerprint)
        #expect(error == .notPinned(host.identity.fingerprint))
        #expect(Self.isRefusal(await Self.refusal(host)))
        await host.server.stop()
    }

    @Test func aPeerWhoseCertificateWasReplacedIsRefusedUntilTheNewOneIsPinned() async throws {
        let old = try ServerIdentity.temporary(name: "guest")
        let new = try ServerIdentity.temporary(name: "guest")
        let host = try await Host(pins: [old.fingerprint])
        #expect(Self.isRefusal(try await Self.knock(host, as: new)))
        #expect(await Self.refusal(host) == .notPinned(new.fingerprint))
        host.pins.replace(with: [new.fingerprint])
        #expect(Self.isRefusal(try await Self.knock(host, as: old)))
        #expect(await Self.refusal(host) == .notPinned(old.fingerprint))
        let recorder = Recorder()
        let link = try await TransportClient(identity: new, group: Host.group).connect(
            address: Host.address, port: host.port, expected: host.identity.fingerprint
        ) { _ in recorder }
        guard case .accepted(let far, _) = await host.reception.next() else {
            Issue.record("the new certificate is not accepted")
            return
        }
        #expect(far.peerFingerprint == new.fingerprint)
        link.close()
        #expect(await recorder.reasonOfEnd() == .closedHere)
        await host.server.stop()
    }

    @Test func aPeerThatSpeaksNoTLSIsRefused() async throws {
        let host = try await Host(pins: [])
        let channel = try await ClientBootstrap(group: Host.group)
            .connect(host: Host.address, port: host.port).get()
        try await channel.writeAndFlush(ByteBuffer(string: "GET / HTTP/1.1\r\n\r\n"))
        #expect(await Self.refusal(host) != nil)
        try await channel.closeFuture.get()
        await host.server.stop()
    }

    @Test func aPeerThatNeverAnswersTimesOut() async throws {
        let silent = try await ServerBootstrap(group: Host.group)
            .bind(host: Host.address, port: 0).get()
        let guest = try ServerIdentity.temporary(name: "guest")
        let client = try TransportClient(identity: guest, group: Host.group)
        await #expect(throws: TransportError.timedOut) {
            try await client.connect(
                address: Host.address, port: silent.localAddress?.port ?? 0,
                expected: guest.fingerprint, timeout: .milliseconds(50)
            ) { _ in Recorder() }
        }
        try await silent.close().get()
    }

    @Test func nobodyThereIsNotReached() async throws {
        let guest = try ServerIdentity.temporary(name: "guest")
        let client = try TransportClient(identity: guest, group: Host.group)
        let error = await #expect(throws: TransportError.self) {
            // No test listens at this address.
            try await client.connect(
                address: "127.0.0.79", port: 1, expected: guest.fingerprint
            ) { _ in Recorder() }
        }
        guard case .notReached = error else {
            Issue.record("got \(String(describing: error)), expected .notReached")
            return
        }
    }

    @Test func aPortThatIsTakenIsNotBound() async throws {
        let host = try await Host(pins: [])
        let other = try TransportServer(
            address: Host.address, port: host.port, identity: host.identity, pins: host.pins,
            group: Host.group)
        let error = await #expect(throws: TransportError.self) {
            try await other.start { _ in Recorder() }
        }
        guard case .notBound = error else {
            Issue.record("got \(String(describing: error)), expected .notBound")
            return
        }
        await host.server.stop()
    }

    @Test func aConnectionCanComeFromAChosenAddress() async throws {
        let guest = try ServerIdentity.temporary(name: "guest")
        let host = try await Host(pins: [guest.fingerprint])
        let recorder = Recorder()
        let link = try await TransportClient(identity: guest, group: Host.group).connect(
            address: Host.address, port: host.port, expected: host.identity.fingerprint,
            localAddress: "127.0.0.78"
        ) { _ in recorder }
        guard case .accepted(let far, _) = await host.reception.next() else {
            Issue.record("no link")
            return
        }
        #expect(far.peerAddress.contains("127.0.0.78"))
        link.close()
        #expect(await recorder.reasonOfEnd() == .closedHere)
        await host.server.stop()
    }

    @Test func aConnectionThatIsCutIsToldOnceOnBothSides() async throws {
        let guest = try ServerIdentity.temporary(name: "guest")
        let host = try await Host(pins: [guest.fingerprint])
        let relay = try await Relay(to: host.port)
        let recorder = Recorder()
        let link = try await TransportClient(identity: guest, group: Host.group).connect(
            address: Host.address, port: relay.port, expected: host.identity.fingerprint
        ) { _ in recorder }
        guard case .accepted(let far, let farEvents) = await host.reception.next() else {
            Issue.record("no link")
            return
        }
        far.send(makeFrame(byteCount: 100))
        #expect(await recorder.frames(1).count == 1)
        await relay.cut()
        for events in [recorder, farEvents] {
            let reason = await events.reasonOfEnd()
            guard case .cut = reason else {
                Issue.record("got \(String(describing: reason)), expected .cut")
                continue
            }
            #expect(events.closedCount.load(ordering: .relaxed) == 1)
        }
        #expect(!link.send(makeFrame(byteCount: 1)))
        await host.server.stop()
    }
}

/// Passes bytes on between a client and a server until it is cut, as a network does.
private final class Relay: Sendable {
    private let listener: any Channel
    private let ends: Ends

    var port: Int { listener.localAddress?.port ?? 0 }

    init(to port: Int) async throws {
        let ends = Ends()
        self.ends = ends
        listener = try await ServerBootstrap(group: Host.group)
            .childChannelOption(.autoRead, value: false)
            .childChannelInitializer { incoming in
                ClientBootstrap(group: incoming.eventLoop)
                    .channelOption(.autoRead, value: false)
                    .connect(host: Host.address, port: port)
                    .flatMap { outgoing in
                        ends.channels.withLock { $0 = [incoming, outgoing] }
                        return incoming.pipeline.addHandler(Pass(to: outgoing)).flatMap {
                            outgoing.pipeline.addHandler(Pass(to: incoming))
                        }.flatMap {
                            outgoing.setOption(.autoRead, value: true)
                        }.flatMap {
                            incoming.setOption(.autoRead, value: true)
                        }
                    }
            }
            .bind(host: Host.address, port: 0).get()
    }

    /// Ends both connections without a word of TLS.
    func cut() async {
        for channel in ends.channels.withLock({ $0 }) { try? await channel.close().get() }
        try? await listener.close().get()
    }

    private final class Ends: Sendable {
        let channels = Mutex<[any Channel]>([])
    }

    private final class Pass: ChannelInboundHandler, Sendable {
        typealias InboundIn = ByteBuffer
        private let other: any Channel
        init(to other: any Channel) { self.other = other }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            other.writeAndFlush(unwrapInboundIn(data), promise: nil)
        }
    }
}
