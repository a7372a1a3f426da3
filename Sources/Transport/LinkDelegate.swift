package import NIOCore
package import WireProtocol

/// Who a link's frames are for. All calls come on the link's event loop, one after the other, and
/// must not block it.
package protocol LinkDelegate: AnyObject, Sendable {
    /// A whole frame whose checksums are right. The body may be kept; nobody else writes to it.
    func received(_ header: FrameHeader, body: ByteBuffer)

    /// `pendingBytes` had been above `Link.highWaterBytes` and is now at `Link.lowWaterBytes` or
    /// below: send on.
    func drained()

    /// The last call, and exactly one.
    func closed(_ reason: TransportError)
}

extension LinkDelegate {
    package func drained() {}
}
