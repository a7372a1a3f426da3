package import ReplicationModel

/// The target's answer to `Inspect`, or a part of it.
package struct Inspected: WireMessage {
    package var requestID: UInt64
    /// 0, or the errno of the directory itself.
    package var status: Int32
    /// Further answers to the same question follow.
    package var hasMore: Bool
    /// Of a mapping's root: its own attributes, in the first part; zeros elsewhere.
    package var attributes: ObjectAttributes
    /// Of all its extended attributes.
    package var extendedDigest: UInt64
    package var entries: [Entry]

    package init(
        requestID: UInt64, status: Int32 = 0, hasMore: Bool = false,
        attributes: ObjectAttributes = ObjectAttributes(), extendedDigest: UInt64 = 0,
        entries: [Entry] = []
    ) {
        self.requestID = requestID
        self.status = status
        self.hasMore = hasMore
        self.attributes = attributes
        self.extendedDigest = extendedDigest
        self.entries = entries
    }

    package static let kind = FrameKind.inspected

    package func write(to writer: inout MessageWriter) {
        writer.write(requestID)
        writer.write(status)
        writer.write(hasMore)
        writer.write(attributes)
        writer.write(extendedDigest)
        writer.writeCount(entries.count)
        for entry in entries { entry.write(to: &writer) }
    }

    package init(from reader: inout MessageReader) throws(WireError) {
        requestID = try reader.number()
        status = try reader.number()
        hasMore = try reader.truth()
        attributes = try reader.attributes()
        extendedDigest = try reader.number()
        entries = try Entry.list(from: &reader)
    }
}
