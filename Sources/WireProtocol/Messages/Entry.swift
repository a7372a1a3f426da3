package import ReplicationModel

/// One directory entry in a question or an answer.
package struct Entry: Hashable, Sendable {
    /// A single component.
    package var name: [UInt8]
    package var attributes: ObjectAttributes
    /// Of the content, or of a symbolic link's text; zero where it was not asked for.
    package var digest: Digest
    /// Of all extended attributes, in the order of their names.
    package var extendedDigest: UInt64
    /// The object's inode number, where it has several names: they all show the same. 0 otherwise.
    package var inode: UInt64

    package init(
        name: [UInt8], attributes: ObjectAttributes, digest: Digest = Digest(low: 0, high: 0),
        extendedDigest: UInt64 = 0, inode: UInt64 = 0
    ) {
        self.name = name
        self.attributes = attributes
        self.digest = digest
        self.extendedDigest = extendedDigest
        self.inode = inode
    }

    /// Bytes in a message: for the sender, who must keep a list within `FrameKind.bodyBytesMax`.
    package var byteCount: Int { Self.fixedByteCount + name.count }

    static let fixedByteCount = 2 + ObjectAttributes.byteCount + 16 + 8 + 8

    func write(to writer: inout MessageWriter) {
        writer.write(name)
        writer.write(attributes)
        writer.write(digest)
        writer.write(extendedDigest)
        writer.write(inode)
    }

    static func list(from reader: inout MessageReader) throws(WireError) -> [Entry] {
        let count = try reader.count(elementBytesMin: fixedByteCount)
        var entries: [Entry] = []
        entries.reserveCapacity(count)
        for _ in 0..<count {
            entries.append(
                Entry(
                    name: try reader.entryName(), attributes: try reader.attributes(),
                    digest: try reader.digest(), extendedDigest: try reader.number(),
                    inode: try reader.number()))
        }
        return entries
    }
}
