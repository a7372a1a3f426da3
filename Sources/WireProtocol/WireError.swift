/// Why bytes are not what the wire format says. A peer can cause every one of these, so none is a
/// reason to stop: the connection they came over is closed and made anew.
package enum WireError: Error, Hashable, Sendable {
    /// The first four bytes are not a frame's.
    case notAFrame
    /// A header layout that this build does not read.
    case unknownVersion(UInt16)
    case unknownKind(UInt16)
    /// A frame of another kind was expected here.
    case unexpectedKind(FrameKind, expected: FrameKind)
    case headerDamaged
    case bodyDamaged
    /// Bytes announced (or written) and the most that a frame of the kind may have.
    case tooLong(UInt64, limit: UInt64)
    /// The bytes end before the value that is read from them.
    case truncated
    /// Bytes are left over after the last value.
    case trailingBytes(Int)
    /// A number that stands for nothing, in the field named.
    case badValue(Field)
    /// A text that is not UTF-8.
    case badText
    /// A batch whose parts do not fit together.
    case badBatch(BatchFault)

    package enum Field: String, Hashable, Sendable {
        case entryName
        case inspectKind
        case path
        case blocks
        case reserved
        case truth
        case versions
    }

    package enum BatchFault: String, Hashable, Sendable {
        /// More records than `Limits.batchRecordsMax`.
        case recordCount
        /// The length of the payload area is no multiple of 8, or larger than the body.
        case payloadArea
        /// Header, payload area and records do not add up to the body.
        case byteCount
        /// Sequences go backwards or lie outside what the header says.
        case sequence
        /// A record's payload lies outside the payload area or is too long.
        case payload
        /// A record's kind is none that this version knows.
        case kind
        /// Offset and length do not lie in a file.
        case extent
    }
}

extension WireError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .notAFrame: "got bytes that are no frame"
        case .unknownVersion(let got):
            "got frame version \(got), expected \(ProtocolVersion.header)"
        case .unknownKind(let got): "got unknown frame kind \(got)"
        case .unexpectedKind(let got, let expected): "got frame '\(got)', expected '\(expected)'"
        case .headerDamaged: "the checksum of a frame's header is wrong"
        case .bodyDamaged: "the checksum of a frame's body is wrong"
        case .tooLong(let got, let limit): "got \(got) bytes, expected at most \(limit)"
        case .truncated: "a message ends too early"
        case .trailingBytes(let count): "got \(count) bytes after the end of a message"
        case .badValue(let field): "got a bad value for '\(field.rawValue)'"
        case .badText: "got a text that is not UTF-8"
        case .badBatch(let fault): "got a batch with bad '\(fault.rawValue)'"
        }
    }
}
