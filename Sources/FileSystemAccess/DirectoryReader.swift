internal import CPosix
internal import Glibc

/// Reads directories through one large buffer, names as the bytes they are.
///
/// One reader serves one directory at a time: `start` begins the next one. The caller keeps the
/// descriptor open until the last entry was read.
package struct DirectoryReader: ~Copyable {
    private let buffer: UnsafeMutableRawBufferPointer
    private var descriptor: CInt = -1
    private var place = 0
    private var end = 0

    /// Bytes of the buffer; one system call reads that many.
    package init(bufferBytes: Int = 64 << 10) {
        buffer = .allocate(byteCount: max(bufferBytes, 4096), alignment: 8)
    }

    deinit { buffer.deallocate() }

    /// Begins with the first entry of the directory that `descriptor` (not an O_PATH one) is.
    package mutating func start(_ descriptor: CInt) throws(Errno) {
        self.descriptor = descriptor
        place = 0
        end = 0
        _ = try SystemCall.check { cposix_lseek(descriptor, 0, SEEK_SET) }
    }

    /// The next entry but `.` and `..`; nil at the end. The name is valid until the next call.
    package mutating func next() throws(Errno) -> DirectoryEntry? {
        while true {
            if place == end {
                end = try SystemCall.check {
                    cposix_getdents(descriptor, buffer.baseAddress, buffer.count)
                }
                place = 0
                if end == 0 { return nil }
            }
            // struct linux_dirent64: inode (8), offset (8), record length (2), type (1), name.
            let inode = buffer.loadUnaligned(fromByteOffset: place, as: UInt64.self)
            let length = Int(buffer.loadUnaligned(fromByteOffset: place + 16, as: UInt16.self))
            let type = buffer[place + 18]
            let start = place + 19
            var count = 0
            while start + count < place + length, buffer[start + count] != 0 { count += 1 }
            place += max(length, 20)
            let name = UnsafeRawBufferPointer(rebasing: buffer[start..<start + count])
            if count == 1, name[0] == 0x2E { continue }
            if count == 2, name[0] == 0x2E, name[1] == 0x2E { continue }
            return DirectoryEntry(inode: inode, typeNumber: type, name: name)
        }
    }
}

extension DirectoryReader {
    /// All names of a directory, for whoever changes it while going through them.
    package static func names(in descriptor: CInt) throws(Errno) -> [[UInt8]] {
        var names: [[UInt8]] = []
        var reader = DirectoryReader()
        try reader.start(descriptor)
        while let entry = try reader.next() { names.append(Array(entry.name)) }
        return names
    }
}

/// One name in a directory.
@frozen
package struct DirectoryEntry {
    package let inode: UInt64
    /// As in `d_type`: the type bits of `st_mode` shifted right by 12; 0: the file system does not
    /// say.
    package let typeNumber: UInt8
    /// Without the NUL that follows it in memory.
    package let name: UnsafeRawBufferPointer

    /// The name for a system call; valid as long as `name`.
    package var cString: UnsafePointer<CChar>? {
        name.baseAddress?.assumingMemoryBound(to: CChar.self)
    }
}
