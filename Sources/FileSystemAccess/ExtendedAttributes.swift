internal import CPosix

/// Extended attributes of what a descriptor stands for. O_PATH descriptors (symbolic links, special
/// files) go through `/proc/self/fd`, all others directly.
///
/// Flags of files and directories that are no attribute for the system, and the number of the
/// project, are one here: see `ObjectFlags`.
package enum ExtendedAttributes {
    /// The longest list of names and the longest value that Linux has.
    package static let valueBytesMax = 64 << 10

    /// Names, each with a NUL behind it, into `room`; answers the bytes of the list. No support on
    /// the file system counts as no names.
    package static func list(
        _ descriptor: CInt, isPath: Bool, into room: UnsafeMutableRawBufferPointer
    ) throws(Errno) -> Int {
        let names = room.baseAddress?.assumingMemoryBound(to: CChar.self)
        let hasFlags = !isPath && ObjectFlags.read(descriptor) != nil
        do throws(Errno) {
            let count = try SystemCall.check {
                isPath
                    ? cposix_listxattrDescriptor(descriptor, names, room.count)
                    : cposix_flistxattr(descriptor, names, room.count)
            }
            return hasFlags ? ObjectFlags.append(to: room, at: count) : count
        } catch {
            if error == .notSupported { return hasFlags ? ObjectFlags.append(to: room, at: 0) : 0 }
            throw error
        }
    }

    /// The value into `room`; answers its bytes, nil when there is no such attribute.
    package static func get(
        _ descriptor: CInt, isPath: Bool, _ name: UnsafePointer<CChar>,
        into room: UnsafeMutableRawBufferPointer
    ) throws(Errno) -> Int? {
        if ObjectFlags.isName(name) {
            return isPath ? nil : ObjectFlags.read(descriptor).map { $0.write(to: room) }
        }
        do throws(Errno) {
            return try SystemCall.check {
                isPath
                    ? cposix_getxattrDescriptor(descriptor, name, room.baseAddress, room.count)
                    : cposix_fgetxattr(descriptor, name, room.baseAddress, room.count)
            }
        } catch {
            if error == .noData { return nil }
            throw error
        }
    }

    package static func set(
        _ descriptor: CInt, isPath: Bool, _ name: UnsafePointer<CChar>,
        _ value: UnsafeRawBufferPointer
    ) throws(Errno) {
        if ObjectFlags.isName(name) {
            guard !isPath, let flags = ObjectFlags(value) else { throw .invalid }
            return try flags.set(descriptor)
        }
        _ = try SystemCall.check {
            isPath
                ? cposix_setxattrDescriptor(descriptor, name, value.baseAddress, value.count, 0)
                : cposix_fsetxattr(descriptor, name, value.baseAddress, value.count, 0)
        }
    }

    /// An attribute that is not there counts as removed.
    package static func remove(
        _ descriptor: CInt, isPath: Bool, _ name: UnsafePointer<CChar>
    ) throws(Errno) {
        if ObjectFlags.isName(name) {
            return isPath ? () : try ObjectFlags.none.set(descriptor)
        }
        do throws(Errno) {
            _ = try SystemCall.check {
                isPath
                    ? cposix_removexattrDescriptor(descriptor, name)
                    : cposix_fremovexattr(descriptor, name)
            }
        } catch {
            if error != .noData { throw error }
        }
    }
}

/// Walks a list of names as `ExtendedAttributes.list` makes it.
package struct AttributeNameIterator: IteratorProtocol, Sequence {
    private var rest: UnsafeRawBufferPointer

    package init(_ list: UnsafeRawBufferPointer) { rest = list }

    /// The name without its NUL, which follows it in memory.
    package mutating func next() -> UnsafeRawBufferPointer? {
        guard let end = rest.firstIndex(of: 0) else { return nil }
        let name = UnsafeRawBufferPointer(rebasing: rest[..<end])
        rest = UnsafeRawBufferPointer(rebasing: rest[(end + 1)...])
        return name
    }
}
