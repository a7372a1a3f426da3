package import ReplicationModel

/// Reads a message's fields out of borrowed bytes, in the order they were written. Never reads past
/// the end, and makes no room for a list before the bytes for it are there.
package struct MessageReader {
    private let bytes: UnsafeRawBufferPointer
    private var place = 0

    package init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    package var restCount: Int { bytes.count - place }

    package mutating func number<Number: FixedWidthInteger & BitwiseCopyable>(
        _ type: Number.Type = Number.self
    ) throws(WireError) -> Number {
        Number(littleEndian: try trivial(Number.self))
    }

    package mutating func truth() throws(WireError) -> Bool {
        switch try number(UInt8.self) {
        case 0: false
        case 1: true
        default: throw .badValue(.truth)
        }
    }

    package mutating func digest() throws(WireError) -> Digest {
        Digest(low: try number(), high: try number())
    }

    package mutating func file() throws(WireError) -> FileID {
        FileID(inode: try number(), generation: try number(), mount: try number())
    }

    package mutating func attributes() throws(WireError) -> ObjectAttributes {
        try trivial(ObjectAttributes.self)
    }

    package mutating func byteString() throws(WireError) -> [UInt8] {
        let count = Int(try number(UInt16.self))
        return Array(try take(count))
    }

    /// Bytes of a path, absolute or below a root; a NUL would end it early in every system call.
    package mutating func path() throws(WireError) -> [UInt8] {
        let path = try byteString()
        guard path.count <= Limits.pathBytesMax, !path.contains(0) else { throw .badValue(.path) }
        return path
    }

    /// Bytes of one directory entry's name.
    package mutating func entryName() throws(WireError) -> [UInt8] {
        let name = try byteString()
        guard name.withUnsafeBytes({ NameChangeView.isEntryName($0) }) else {
            throw .badValue(.entryName)
        }
        return name
    }

    package mutating func text() throws(WireError) -> String {
        let count = Int(try number(UInt16.self))
        guard let text = String(validating: try take(count), as: UTF8.self) else {
            throw .badText
        }
        return text
    }

    /// A list's count, when so many elements of at least `elementBytesMin` bytes can still follow.
    package mutating func count(elementBytesMin: Int) throws(WireError) -> Int {
        let count = Int(try number(UInt32.self))
        guard count <= restCount / elementBytesMin else { throw .truncated }
        return count
    }

    /// Throws when bytes are left.
    package func finish() throws(WireError) {
        guard restCount == 0 else { throw .trailingBytes(restCount) }
    }

    private mutating func trivial<Value: BitwiseCopyable>(
        _ type: Value.Type
    ) throws(WireError) -> Value {
        try take(MemoryLayout<Value>.size).loadUnaligned(as: Value.self)
    }

    private mutating func take(_ count: Int) throws(WireError) -> UnsafeRawBufferPointer {
        guard count <= restCount else { throw .truncated }
        defer { place += count }
        return UnsafeRawBufferPointer(rebasing: bytes[place..<place + count])
    }
}
