package import Identity
package import WireProtocol

/// Why a link could not be made, or ended.
package enum TransportError: Error, Hashable, Sendable {
    /// The key or certificate of this server cannot be used.
    case identity(String)
    /// The address and port could not be taken.
    case notBound(String)
    /// Nobody answered at the address, or it could not be reached.
    case notReached(String)
    /// No handshake within the time given.
    case timedOut
    /// The peer proved to be somebody whom nobody pinned (or another than was expected).
    case notPinned(Fingerprint)
    /// The peer showed no certificate.
    case noCertificate
    /// The handshake failed otherwise; most often the peer refused *our* certificate.
    case refusedByPeer(String)
    /// The peer sent what is no frame.
    case wire(WireError)
    /// More was given to send than `Link.pendingBytesMax`.
    case overrun
    /// The connection broke.
    case cut(String)
    /// The peer ended the link in good order.
    case closedByPeer
    /// This side ended the link.
    case closedHere
}

extension TransportError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .identity(let problem): "own certificate cannot be used: \(problem)"
        case .notBound(let problem): "cannot listen: \(problem)"
        case .notReached(let problem): "cannot be reached: \(problem)"
        case .timedOut: "no answer in time"
        case .notPinned(let fingerprint): "got a peer with unknown certificate \(fingerprint)"
        case .noCertificate: "the peer showed no certificate"
        case .refusedByPeer(let problem): "the peer refused the handshake: \(problem)"
        case .wire(let error): "\(error)"
        case .overrun: "got more to send than a link keeps"
        case .cut(let problem): "connection lost: \(problem)"
        case .closedByPeer: "closed by the peer"
        case .closedHere: "closed here"
        }
    }
}
