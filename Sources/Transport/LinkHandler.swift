internal import Identity
internal import NIOCore
internal import NIOSSL
internal import NIOTLS
internal import WireProtocol

/// The last handler of a link's channel: makes the link when the handshake is done, and turns bytes
/// into calls of the delegate. Lives on the event loop.
final class LinkHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    /// Takes the link (or why there is none), once, and answers who its frames are for.
    typealias Start = (Result<Link, TransportError>) -> (any LinkDelegate)?

    private var start: Start?
    private let isTrusted: (Fingerprint) -> Bool
    private let handshakeLimit: TimeAmount
    private var handshakeTimer: Scheduled<Void>?
    private var assembler: FrameAssembler
    private var context: ChannelHandlerContext?
    private var link: Link?
    private(set) var delegate: (any LinkDelegate)?
    /// The first thing that went wrong is what the delegate is told.
    private var reason: TransportError?
    /// Until the first bytes come, the peer may still refuse our certificate: in TLS 1.3 the client
    /// is done with the handshake before the server has seen it.
    private var hasHeardPeer = false
    private var wasConnected = false

    /// Longer writes are handed to TLS in pieces, so that the peer decrypts one while the next is
    /// encrypted, and both stay in the processor's cache; bytes.
    static let pieceBytesMax = 256 << 10

    /// A peer that does not take the last frames in this time loses them.
    static let farewellLimit = TimeAmount.seconds(10)

    init(
        allocator: ByteBufferAllocator, handshakeLimit: TimeAmount,
        isTrusted: @escaping (Fingerprint) -> Bool, start: @escaping Start
    ) {
        assembler = FrameAssembler(allocator: allocator)
        self.handshakeLimit = handshakeLimit
        self.isTrusted = isTrusted
        self.start = start
    }

    // MARK: The handshake

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        wasConnected = context.channel.isActive
        handshakeTimer = context.eventLoop.assumeIsolated().scheduleTask(in: handshakeLimit) {
            self.close(.timedOut)
        }
    }

    func channelActive(context: ChannelHandlerContext) {
        wasConnected = true
        context.fireChannelActive()
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        handshakeTimer?.cancel()
        finish()
        self.context = nil
    }

    /// During the handshake, with the certificate whose key the peer has yet to prove.
    func verify(_ chain: [NIOSSLCertificate]) -> NIOSSLVerificationResult {
        do throws(TransportError) {
            _ = try fingerprint(of: chain.first)
            return .certificateVerified
        } catch {
            reason = reason ?? error
            return .failed
        }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if let event = event as? TLSUserEvent, case .handshakeCompleted = event {
            handshakeTimer?.cancel()
            makeLink(context)
        }
        context.fireUserInboundEventTriggered(event)
    }

    /// Asks for the certificate again: a resumed TLS session is not verified anew, and the pin may
    /// be gone since.
    private func makeLink(_ context: ChannelHandlerContext) {
        guard let start, reason == nil else { return }
        do throws(TransportError) {
            let pipeline = context.channel.pipeline.syncOperations
            let peer = try fingerprint(of: try? pipeline.nioSSL_peerCertificate())
            let link = Link(
                self, on: context.eventLoop, peer: peer,
                address: context.channel.remoteAddress.map { "\($0)" } ?? "")
            self.start = nil
            self.link = link
            delegate = start(.success(link))
        } catch {
            close(error)
        }
    }

    private func fingerprint(
        of certificate: NIOSSLCertificate?
    ) throws(TransportError) -> Fingerprint {
        guard let bytes = try? certificate?.toDERBytes() else { throw .noCertificate }
        let fingerprint = Fingerprint(ofDER: bytes)
        guard isTrusted(fingerprint) else { throw .notPinned(fingerprint) }
        return fingerprint
    }

    // MARK: Frames

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard reason == nil else { return }
        hasHeardPeer = true
        var bytes = unwrapInboundIn(data)
        do throws(WireError) {
            while let frame = try assembler.next(from: &bytes) {
                delegate?.received(frame.header, body: frame.body)
            }
        } catch {
            close(.wire(error))
        }
    }

    /// `done` is called when the socket has taken everything, or never will.
    func write(_ frames: [ByteBuffer], done: @escaping @Sendable () -> Void) {
        guard let context else { return done() }
        let promise = context.eventLoop.makePromise(of: Void.self)
        promise.futureResult.whenComplete { _ in done() }
        for (index, frame) in frames.enumerated() {
            var rest = frame
            while let piece = rest.readSlice(length: min(Self.pieceBytesMax, rest.readableBytes)) {
                let isLast = rest.readableBytes == 0 && index == frames.count - 1
                context.write(wrapOutboundOut(piece), promise: isLast ? promise : nil)
                if isLast { break }
                if rest.readableBytes == 0 { break }
                context.flush()
            }
        }
        context.flush()
    }

    func setReading(_ isReading: Bool) {
        guard let options = context?.channel.syncOptions else { return }
        // Fails only on a channel that is closed, where there is nothing to hold back.
        try? options.setOption(.autoRead, value: isReading)
    }

    // MARK: The end

    /// Sends what was written before, then ends the link; frames that still come are not delivered.
    func closeWhenWritten(_ reason: TransportError) {
        guard self.reason == nil, let context else { return }
        self.reason = reason
        let timer = context.eventLoop.assumeIsolated().scheduleTask(in: Self.farewellLimit) {
            self.close(reason)
        }
        let isWritten = context.writeAndFlush(wrapOutboundOut(ByteBuffer()))
        isWritten.assumeIsolated().whenComplete { _ in
            timer.cancel()
            self.close(reason)
        }
    }

    func close(_ reason: TransportError) {
        let reason = self.reason ?? reason
        self.reason = reason
        // Before the channel's own end is heard of, which says less.
        reportNoLink(reason)
        context?.close(promise: nil)
    }

    private func reportNoLink(_ reason: TransportError) {
        guard let start else { return }
        self.start = nil
        _ = start(.failure(reason))
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        reason = reason ?? TransportError(error, isHandshaking: !hasHeardPeer)
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        finish()
        context.fireChannelInactive()
    }

    private func finish() {
        // Nobody was reached: whoever tried to connect knows why.
        guard wasConnected || self.reason != nil else { return start = nil }
        let reason = self.reason ?? (link == nil ? .cut("during the handshake") : .closedByPeer)
        self.reason = reason
        reportNoLink(reason)
        link?.markClosed()
        link = nil
        let delegate = delegate
        self.delegate = nil
        delegate?.closed(reason)
    }
}

extension TransportError {
    /// What NIO and TLS report, in this module's words.
    init(_ error: any Error, isHandshaking: Bool) {
        switch error {
        case let error as TransportError: self = error
        case NIOSSLError.handshakeFailed(let problem): self = .refusedByPeer(Self.words(problem))
        case NIOSSLError.uncleanShutdown: self = .cut("the connection ended without a farewell")
        case let error as BoringSSLError where isHandshaking:
            self = .refusedByPeer(Self.words(error))
        default: self = .cut("\(error)")
        }
    }

    /// The one name that tells something out of a message full of file names, such as
    /// `SSLV3_ALERT_CERTIFICATE_UNKNOWN`.
    private static func words(_ error: BoringSSLError) -> String {
        let text = "\(error)"
        let names = text.split { !($0.isLetter && $0.isUppercase || $0.isNumber || $0 == "_") }
        let longest = names.filter { $0.contains("_") }.max { $0.count < $1.count }
        return longest.map(String.init) ?? text
    }
}
