internal import Identity
internal import NIOCore
internal import NIOSSL

/// What both ends of a link have in common: TLS 1.3 with certificates on both sides, and sockets
/// that hold enough for a fast and distant peer.
struct ChannelSetup: Sendable {
    private let tls: NIOSSLContext

    /// One read of the socket, bytes: large enough that system calls do not count, small enough to
    /// stay in the processor's cache until it is decrypted.
    static let readBytesMax = 256 << 10
    /// How long an end in good order may take before the socket is closed without one.
    static let closeLimit = TimeAmount.seconds(1)

    init(_ identity: ServerIdentity) throws(TransportError) {
        // Which peers are right is decided by `LinkHandler.verify`: the roots below are never
        // asked, but without a certificate in them TLS does not ask the peer for its own.
        var settings = TLSConfiguration.makeServerConfigurationWithMTLS(
            certificateChain: [.certificate(identity.certificate)],
            privateKey: .privateKey(identity.key),
            trustRoots: .certificates([identity.certificate]))
        settings.minimumTLSVersion = .tlsv13
        settings.maximumTLSVersion = .tlsv13
        settings.sendCANameList = false
        settings.shutdownTimeout = Self.closeLimit
        settings.renegotiationSupport = .none
        do {
            tls = try NIOSSLContext(configuration: settings)
        } catch {
            throw .identity("\(error)")
        }
    }

    /// Must be called on the channel's event loop.
    func add(_ handler: LinkHandler, asServer: Bool, to channel: any Channel) throws {
        let verify: NIOSSLCustomVerificationCallback = { chain, promise in
            promise.succeed(handler.verify(chain))
        }
        let pipeline = channel.pipeline.syncOperations
        if asServer {
            try pipeline.addHandler(
                NIOSSLServerHandler(context: tls, customVerificationCallback: verify))
        } else {
            try pipeline.addHandler(
                NIOSSLClientHandler(
                    context: tls, serverHostname: nil, customVerificationCallback: verify))
        }
        try pipeline.addHandler(handler)
    }
}
