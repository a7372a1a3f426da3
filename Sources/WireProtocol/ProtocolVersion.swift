/// Which versions of the messages two servers can speak with each other.
///
/// A frame's header and the hello never change their layout; everything else follows the version
/// that both agreed on.
package enum ProtocolVersion {
    /// Of the frame's header.
    package static let header: UInt16 = 1
    /// Message versions that this build speaks.
    package static let supported: ClosedRange<UInt16> = 2...2

    /// The highest version that both speak; nil when there is none.
    package static func negotiate(
        own: ClosedRange<UInt16> = supported, peer: ClosedRange<UInt16>
    ) -> UInt16? {
        own.overlaps(peer) ? min(own.upperBound, peer.upperBound) : nil
    }
}
