package import Identity
package import NIOCore
internal import NIOPosix
internal import Synchronization

/// Makes links to other servers. A value: it holds only how to connect.
package struct TransportClient: Sendable {
    private let group: any EventLoopGroup
    private let setup: ChannelSetup

    package init(
        identity: ServerIdentity, group: any EventLoopGroup
    ) throws(TransportError) {
        self.group = group
        setup = try ChannelSetup(identity)
    }

    /// Connects and answers when the handshake is done on this side. The peer judges *our*
    /// certificate after that: its refusal arrives as `closed` with `refusedByPeer`.
    ///
    /// - Parameters:
    ///   - expected: Whose certificate the peer must show.
    ///   - timeout: For everything together.
    ///   - localAddress: Where the connection comes from; nil leaves it to the system.
    ///   - accept: Runs on the event loop, before the first frame; answers who gets the frames.
    package func connect(
        address: String, port: Int, expected: Fingerprint, timeout: TimeAmount = .seconds(10),
        localAddress: String? = nil, accept: @escaping @Sendable (Link) -> any LinkDelegate
    ) async throws(TransportError) -> Link {
        let result = await withCheckedContinuation { continuation in
            connect(
                address: address, port: port, expected: expected, timeout: timeout,
                localAddress: localAddress, accept: accept
            ) { continuation.resume(returning: $0) }
        }
        return try result.get()
    }

    /// The same for callers without a task; `completion` runs once, on an event loop.
    package func connect(
        address: String, port: Int, expected: Fingerprint, timeout: TimeAmount = .seconds(10),
        localAddress: String? = nil, accept: @escaping @Sendable (Link) -> any LinkDelegate,
        completion: @escaping @Sendable (Result<Link, TransportError>) -> Void
    ) {
        let once = Once(completion)
        var bootstrap = ClientBootstrap(group: group)
            // The handler's own timer covers connecting too; this one ends what has no handler yet.
            .connectTimeout(timeout + .seconds(1))
            .channelOption(.socketOption(.so_keepalive), value: 1)
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            .channelOption(
                .recvAllocator,
                value: FixedSizeRecvByteBufferAllocator(capacity: ChannelSetup.readBytesMax)
            )
            .channelOption(.maxMessagesPerRead, value: 1)
            .channelInitializer { [setup] channel in
                channel.eventLoop.makeCompletedFuture {
                    let handler = LinkHandler(
                        allocator: channel.allocator, handshakeLimit: timeout,
                        isTrusted: { $0 == expected },
                        start: { result in
                            let delegate = try? result.map(accept).get()
                            once.complete(result)
                            return delegate
                        })
                    try setup.add(handler, asServer: false, to: channel)
                }
            }
        if let localAddress {
            do {
                bootstrap = bootstrap.bind(
                    to: try SocketAddress(ipAddress: localAddress, port: 0))
            } catch {
                return once.complete(.failure(.notReached("\(localAddress): \(error)")))
            }
        }
        bootstrap.connect(host: address, port: port).whenFailure { error in
            once.complete(.failure(.notReached("\(address) port \(port): \(error)")))
        }
    }
}

/// Calls a completion handler the first time it is asked to: a handshake and the connecting below
/// it can both fail.
private final class Once: Sendable {
    private let completion: Mutex<(@Sendable (Result<Link, TransportError>) -> Void)?>

    init(_ completion: @escaping @Sendable (Result<Link, TransportError>) -> Void) {
        self.completion = Mutex(completion)
    }

    func complete(_ result: Result<Link, TransportError>) {
        let completion = completion.withLock { completion in
            defer { completion = nil }
            return completion
        }
        completion?(result)
    }
}
