package import Identity
package import NIOCore
internal import NIOPosix
internal import Synchronization

/// Accepts links from pinned peers at one address and port.
package final class TransportServer: Sendable {
    private let address: String
    private let port: Int
    private let pins: PinStore
    private let group: any EventLoopGroup
    private let setup: ChannelSetup
    private let listener = Mutex<(any Channel)?>(nil)
    private let linkCount = Atomic<Int>(0)

    /// Links and unfinished handshakes at a time; further ones are closed at once.
    package static let linkCountMax = 256
    /// A peer that does not finish its handshake in this time is closed.
    package static let handshakeLimit = TimeAmount.seconds(10)

    /// `port` 0 takes any free one. Nothing is opened before `start`.
    package init(
        address: String, port: Int, identity: ServerIdentity, pins: PinStore,
        group: any EventLoopGroup
    ) throws(TransportError) {
        self.address = address
        self.port = port
        self.pins = pins
        self.group = group
        setup = try ChannelSetup(identity)
    }

    /// Where links are accepted; nil before `start` and after `stop`.
    package var boundPort: Int? { listener.withLock { $0?.localAddress?.port } }

    /// Begins to listen. Both closures run on event loops: `accept` once for each link, before its
    /// first frame, and answers who gets them; `refused` for each peer that came and got no link,
    /// with its address.
    package func start(
        accept: @escaping @Sendable (Link) -> any LinkDelegate,
        refused: @escaping @Sendable (TransportError, String) -> Void = { _, _ in }
    ) async throws(TransportError) {
        let bootstrap = ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: 64)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.socketOption(.so_keepalive), value: 1)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelOption(
                .recvAllocator,
                value: FixedSizeRecvByteBufferAllocator(capacity: ChannelSetup.readBytesMax)
            )
            .childChannelOption(.maxMessagesPerRead, value: 1)
            .childChannelInitializer { [self] channel in
                channel.eventLoop.makeCompletedFuture {
                    try prepare(channel, accept: accept, refused: refused)
                }
            }
        do {
            let channel = try await bootstrap.bind(host: address, port: port).get()
            listener.withLock { $0 = channel }
        } catch {
            throw .notBound("\(address) port \(port): \(error)")
        }
    }

    /// Ends listening; links stay.
    package func stop() async {
        let channel = listener.withLock { listener in
            defer { listener = nil }
            return listener
        }
        // Fails only where it is closed already.
        try? await channel?.close().get()
    }

    private func prepare(
        _ channel: any Channel, accept: @escaping @Sendable (Link) -> any LinkDelegate,
        refused: @escaping @Sendable (TransportError, String) -> Void
    ) throws {
        let address = channel.remoteAddress.map { "\($0)" } ?? ""
        let count = linkCount.add(1, ordering: .relaxed).newValue
        channel.closeFuture.whenComplete { [self] _ in
            linkCount.subtract(1, ordering: .relaxed)
        }
        guard count <= Self.linkCountMax else {
            refused(.overrun, address)
            throw TransportError.overrun
        }
        let handler = LinkHandler(
            allocator: channel.allocator, handshakeLimit: Self.handshakeLimit,
            isTrusted: { [pins] in pins.contains($0) },
            start: { result in
                switch result {
                case .success(let link): return accept(link)
                case .failure(let error):
                    refused(error, address)
                    return nil
                }
            })
        try setup.add(handler, asServer: true, to: channel)
    }
}
