/// Type, mode, owner, size and times of an object: 48 bytes on the wire.
@frozen
package struct ObjectAttributes: BitwiseCopyable, Hashable, Sendable {
    /// File type and permission bits, as in `st_mode`.
    package var mode: UInt32 = 0
    package var user: UInt32 = 0
    package var group: UInt32 = 0
    /// Names that the object has.
    package var linkCount: UInt32 = 0
    /// Of a device node; 0 for everything else.
    package var deviceMajor: UInt32 = 0
    package var deviceMinor: UInt32 = 0
    /// Bytes.
    package var size: Int64 = 0
    /// Nanoseconds since 1970-01-01 UTC.
    package var accessed: Int64 = 0
    /// Nanoseconds since 1970-01-01 UTC.
    package var modified: Int64 = 0

    package init() {}

    package static let byteCount = 48

    /// What the type bits of `mode` say.
    @inlinable
    package var type: ObjectType { ObjectType(mode: mode) }
}

/// The types a POSIX object can have, in `st_mode`'s numbers.
@frozen
package enum ObjectType: UInt8, Sendable {
    case unknown = 0
    case fifo = 1
    case characterDevice = 2
    case directory = 4
    case blockDevice = 6
    case regular = 8
    case symbolicLink = 10
    case socket = 12

    @inlinable
    package init(mode: UInt32) {
        self = ObjectType(rawValue: UInt8(truncatingIfNeeded: (mode & 0o170000) >> 12)) ?? .unknown
    }
}
