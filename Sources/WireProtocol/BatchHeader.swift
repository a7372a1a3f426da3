/// The first 32 bytes of a batch's body, little-endian. The payload area follows, then the records:
///
///     header (32) | payload area (payloadLength, a multiple of 8) | records (64 each)
///
/// A record's `payloadPlace` counts in units of 8 bytes from the start of the payload area. The
/// records stand last so that a sender can read file data straight into the frame before it knows
/// how many records there will be.
@frozen
package struct BatchHeader: BitwiseCopyable, Hashable, Sendable {
    /// The batch speaks for all changes from here ...
    package var firstSequence: UInt64 = 0
    /// ... to here; those of them that it has no record of do not concern the connection.
    package var lastSequence: UInt64 = 0
    package var recordCount: UInt32 = 0
    /// Bytes of the payload area.
    package var payloadLength: UInt32 = 0
    package var flags: UInt32 = 0
    package var reserved: UInt32 = 0

    package init() {}

    package static let byteCount = 32
}
