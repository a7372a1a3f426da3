internal import CPosix
internal import Glibc

/// Takes the parts of an object as `ObjectReader` finds them.
package protocol ObjectVisitor: ~Copyable {
    /// The next bytes of a file, or all of a symbolic link's text.
    mutating func visit(content: UnsafeRawBufferPointer)
    mutating func visit(attribute name: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer)
}

/// Reads contents and extended attributes through buffers of its own.
package struct ObjectReader: ~Copyable {
    private let names: UnsafeMutableRawBufferPointer
    private let value: UnsafeMutableRawBufferPointer
    private var content: UnsafeMutableRawBufferPointer?

    package init() {
        names = .allocate(byteCount: ExtendedAttributes.valueBytesMax, alignment: 8)
        value = .allocate(byteCount: ExtendedAttributes.valueBytesMax, alignment: 8)
    }

    deinit {
        names.deallocate()
        value.deallocate()
        content?.deallocate()
    }

    /// All extended attributes; those that go away meanwhile are left out.
    package func readAttributes<Visitor: ObjectVisitor & ~Copyable>(
        _ descriptor: CInt, isPath: Bool, _ visitor: inout Visitor
    ) throws(Errno) {
        let count = try ExtendedAttributes.list(descriptor, isPath: isPath, into: names)
        guard count > 0 else { return }
        let list = UnsafeRawBufferPointer(rebasing: names[..<count])
        for name in AttributeNameIterator(list) {
            guard let text = name.baseAddress?.assumingMemoryBound(to: CChar.self),
                let length = try ExtendedAttributes.get(
                    descriptor, isPath: isPath, text, into: value)
            else { continue }
            visitor.visit(
                attribute: name, value: UnsafeRawBufferPointer(rebasing: value[..<length]))
        }
    }

    /// The whole content of an open file, holes as zeros.
    package mutating func readContent<Visitor: ObjectVisitor & ~Copyable>(
        _ descriptor: CInt, _ visitor: inout Visitor
    ) throws(Errno) {
        let room = content ?? .allocate(byteCount: 256 << 10, alignment: 4096)
        content = room
        var place: Int64 = 0
        while true {
            let count = try SystemCall.readAll(descriptor, room, at: place)
            visitor.visit(content: UnsafeRawBufferPointer(rebasing: room[..<count]))
            if count < room.count { return }
            place += Int64(count)
        }
    }

    /// The text of the symbolic link that an O_PATH descriptor stands for; valid until the next
    /// call.
    package func readLink(_ descriptor: CInt) throws(Errno) -> UnsafeRawBufferPointer {
        let text = value.baseAddress?.assumingMemoryBound(to: CChar.self)
        let count = try SystemCall.check {
            cposix_readlinkat(descriptor, "", text, Int(PATH_MAX))
        }
        return UnsafeRawBufferPointer(rebasing: value[..<count])
    }
}
