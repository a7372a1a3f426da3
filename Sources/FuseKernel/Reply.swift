package import CLinuxFuse

/// Attributes of a node in the kernel's form, with how long it may believe them.
package struct NodeAttributes: BitwiseCopyable, Sendable {
    package var fields = fuse_attr()
    /// Seconds that the kernel may keep the attributes.
    package var validSeconds: UInt64 = 0

    package init() {}
}

/// One answer, written into a buffer that its owner made once: 16 bytes of head, then the body.
package struct Reply {
    private let buffer: UnsafeMutableRawBufferPointer

    package static let headByteCount = 16

    /// `buffer` must hold a head and the largest body.
    package init(_ buffer: UnsafeMutableRawBufferPointer) {
        precondition(buffer.count >= Self.headByteCount + 4096)
        self.buffer = buffer
    }

    /// Where a body of bytes (data, entries, values) is built in place.
    package var body: UnsafeMutableRawBufferPointer {
        UnsafeMutableRawBufferPointer(rebasing: buffer[Self.headByteCount...])
    }

    /// Completes an answer whose body has `byteCount` bytes; answers the bytes to send.
    package func finish(_ unique: UInt64, body byteCount: Int) -> Int {
        let head = fuse_out_header(
            len: UInt32(Self.headByteCount + byteCount), error: 0, unique: unique)
        buffer.storeBytes(of: head, as: fuse_out_header.self)
        return Self.headByteCount + byteCount
    }

    /// `code` is a positive errno.
    package func failure(_ unique: UInt64, _ code: CInt) -> Int {
        let head = fuse_out_header(
            len: UInt32(Self.headByteCount), error: -abs(code), unique: unique)
        buffer.storeBytes(of: head, as: fuse_out_header.self)
        return Self.headByteCount
    }

    package func success(_ unique: UInt64) -> Int { finish(unique, body: 0) }

    package func value<Body: BitwiseCopyable>(_ unique: UInt64, _ value: Body) -> Int {
        body.storeBytes(of: value, as: Body.self)
        return finish(unique, body: MemoryLayout<Body>.size)
    }

    package func attributes(_ unique: UInt64, _ attributes: NodeAttributes) -> Int {
        var answer = fuse_attr_out()
        answer.attr_valid = attributes.validSeconds
        answer.attr = attributes.fields
        return value(unique, answer)
    }

    /// Node 0 says: no such name, and the kernel may remember that.
    package func entry(_ unique: UInt64, _ entry: Entry) -> Int {
        value(unique, entry.encoded)
    }

    /// The answer to TMPFILE (and CREATE): an entry and an open file without a handle.
    package func openedEntry(_ unique: UInt64, _ entry: Entry) -> Int {
        let first = MemoryLayout<fuse_entry_out>.size
        body.storeBytes(of: entry.encoded, as: fuse_entry_out.self)
        var opened = fuse_open_out()
        opened.open_flags = UInt32(FOPEN_KEEP_CACHE)
        body.storeBytes(of: opened, toByteOffset: first, as: fuse_open_out.self)
        return finish(unique, body: first + MemoryLayout<fuse_open_out>.size)
    }

    package func written(_ unique: UInt64, _ byteCount: Int) -> Int {
        value(unique, fuse_write_out(size: UInt32(byteCount), padding: 0))
    }

    /// The size of a value or list that was asked for without room for it.
    package func extendedSize(_ unique: UInt64, _ byteCount: Int) -> Int {
        value(unique, fuse_getxattr_out(size: UInt32(byteCount), padding: 0))
    }

    package func place(_ unique: UInt64, _ offset: UInt64) -> Int {
        value(unique, fuse_lseek_out(offset: offset))
    }
}

/// What a LOOKUP finds.
package struct Entry: BitwiseCopyable, Sendable {
    package var node: UInt64 = 0
    package var generation: UInt64 = 0
    /// Seconds that the kernel may keep the name.
    package var validSeconds: UInt64 = 0
    package var attributes = NodeAttributes()

    package init() {}

    package var encoded: fuse_entry_out {
        var out = fuse_entry_out()
        out.nodeid = node
        out.generation = generation
        out.entry_valid = validSeconds
        out.attr_valid = attributes.validSeconds
        out.attr = attributes.fields
        return out
    }
}
