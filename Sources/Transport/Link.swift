package import Identity
package import NIOCore
internal import Synchronization
package import WireProtocol

/// One TLS connection to a peer whose certificate is pinned. Any thread may send; what is received
/// goes to the delegate, on the event loop.
package final class Link: Sendable {
    package let peerFingerprint: Fingerprint
    /// Where the peer is, for people.
    package let peerAddress: String
    private let eventLoop: any EventLoop
    /// Makes the channel's end of the link; lives on the event loop.
    private let handler: NIOLoopBound<LinkHandler>
    private let queue = Mutex(Queue())
    private let pending = Atomic<Int>(0)

    /// Above this many pending bytes a sender should wait for `drained`.
    package static let highWaterBytes = 4 << 20
    package static let lowWaterBytes = 1 << 20
    /// More is never kept: the link is closed with `overrun`. Four times the send window.
    package static let pendingBytesMax = 64 << 20

    /// Frames given by other threads and not yet taken by the event loop.
    private struct Queue {
        var frames: [ByteBuffer] = []
        var isFlushScheduled = false
        var isClosed = false
        /// `drained` is owed to the delegate.
        var isAboveHighWater = false
    }

    /// On the event loop, after the handshake.
    init(_ handler: LinkHandler, on eventLoop: any EventLoop, peer: Fingerprint, address: String) {
        peerFingerprint = peer
        peerAddress = address
        self.eventLoop = eventLoop
        self.handler = NIOLoopBound(handler, eventLoop: eventLoop)
    }

    /// Bytes given to `send` and not yet to the socket.
    package var pendingBytes: Int { pending.load(ordering: .relaxed) }

    /// Sends one or more whole frames, in the order of the calls. Several calls in a row cost one
    /// wake-up of the event loop and one flush. false: the link is closed and nothing is sent.
    @discardableResult
    package func send(_ frame: ByteBuffer) -> Bool {
        let byteCount = frame.readableBytes
        let before = pending.add(byteCount, ordering: .relaxed).oldValue
        guard before + byteCount <= Self.pendingBytesMax else {
            pending.subtract(byteCount, ordering: .relaxed)
            end(.overrun)
            return false
        }
        let mustSchedule = queue.withLock { queue -> Bool? in
            guard !queue.isClosed else { return nil }
            queue.frames.append(frame)
            if before + byteCount > Self.highWaterBytes { queue.isAboveHighWater = true }
            defer { queue.isFlushScheduled = true }
            return !queue.isFlushScheduled
        }
        guard let mustSchedule else {
            pending.subtract(byteCount, ordering: .relaxed)
            return false
        }
        if mustSchedule { eventLoop.execute { self.flush() } }
        return true
    }

    /// Sends a message. Throws `tooLong` when its lists do not fit into a frame.
    @discardableResult
    package func send(
        _ message: some WireMessage, connection: UInt32
    ) throws(WireError) -> Bool {
        send(ByteBuffer(bytes: try message.frame(connection: connection)))
    }

    /// false: nothing more is read from the peer, who is held back once the socket's buffers are
    /// full. What was read already is still delivered: at most `ChannelSetup.readBytesMax` and the
    /// frames that end in it.
    package func setReading(_ isReading: Bool) {
        eventLoop.execute { self.handler.value.setReading(isReading) }
    }

    /// Sends what is pending, then ends the link in good order; the delegate hears `closedHere`. A
    /// peer that takes nothing delays the end by at most `LinkHandler.farewellLimit`.
    package func close() {
        queue.withLock { $0.isClosed = true }
        eventLoop.execute {
            self.flush()
            self.handler.value.closeWhenWritten(.closedHere)
        }
    }

    /// Ends the link at once; what is pending is lost.
    private func end(_ reason: TransportError) {
        queue.withLock { $0.isClosed = true }
        eventLoop.execute { self.handler.value.close(reason) }
    }

    /// On the event loop: hands everything queued to the channel.
    private func flush() {
        let frames = queue.withLock { queue in
            queue.isFlushScheduled = false
            let frames = queue.frames
            queue.frames = []
            return frames
        }
        guard !frames.isEmpty else { return }
        let byteCount = frames.reduce(0) { $0 + $1.readableBytes }
        handler.value.write(frames) { self.written(byteCount) }
    }

    /// On the event loop: the socket has taken these bytes, or the link has failed.
    private func written(_ byteCount: Int) {
        let rest = pending.subtract(byteCount, ordering: .relaxed).newValue
        guard rest <= Self.lowWaterBytes else { return }
        let isOwed = queue.withLock { queue in
            defer { queue.isAboveHighWater = false }
            return queue.isAboveHighWater
        }
        if isOwed { handler.value.delegate?.drained() }
    }

    /// On the event loop: no send succeeds from here on.
    func markClosed() {
        queue.withLock { queue in
            queue.isClosed = true
            queue.frames = []
        }
    }
}
