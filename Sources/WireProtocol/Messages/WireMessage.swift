/// A body that is no batch: a few fields with an explicit encoding, see `Docs/Formats/Wire.md`.
package protocol WireMessage: Hashable, Sendable {
    static var kind: FrameKind { get }
    /// Whether a newer server may append fields that this build does not know.
    static var mayGrow: Bool { get }

    func write(to writer: inout MessageWriter)
    init(from reader: inout MessageReader) throws(WireError)
}

extension WireMessage {
    package static var mayGrow: Bool { false }

    /// The whole frame, header included. Throws `tooLong` when the body is longer than its kind
    /// allows, which only messages with lists or paths can be.
    package func frame(connection: UInt32) throws(WireError) -> [UInt8] {
        var writer = MessageWriter()
        write(to: &writer)
        return try writer.finish(Self.kind, connection: connection)
    }

    /// Reads a body whose header was checked.
    package init(body: UnsafeRawBufferPointer) throws(WireError) {
        var reader = MessageReader(body)
        try self.init(from: &reader)
        if !Self.mayGrow { try reader.finish() }
    }
}
