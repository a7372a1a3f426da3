internal import CPosix
internal import Glibc

/// Flags that a file system keeps of a file or directory, and the number of its project, where they
/// are not all zero. They travel, are compared and are set like one more extended attribute.
///
/// Immutable and append-only are not among them: they would keep the target from making changes.
package struct ObjectFlags: Hashable, Sendable {
    private var flags: UInt32 = 0
    private var project: UInt32 = 0

    static let none = ObjectFlags()

    /// No attribute of any system.
    package static let name = "understudy.flags"
    private static let nameBytes = Array(name.utf8)
    package static let byteCount = 8

    private init() {}

    /// As it travels: two numbers, the lower byte first. nil for anything else.
    init?(_ bytes: UnsafeRawBufferPointer) {
        guard bytes.count == Self.byteCount else { return nil }
        flags = UInt32(littleEndian: bytes.loadUnaligned(as: UInt32.self))
        project = UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: 4, as: UInt32.self))
    }

    /// nil: there are none, or the file system knows nothing of them.
    package static func read(_ descriptor: CInt) -> ObjectFlags? {
        var found = cposix_objectFlags()
        guard cposix_getObjectFlags(descriptor, &found) == 0 else { return nil }
        var flags = ObjectFlags()
        (flags.flags, flags.project) = (found.flags, found.project)
        return flags == .none ? nil : flags
    }

    func set(_ descriptor: CInt) throws(Errno) {
        let wanted = cposix_objectFlags(flags: flags, project: project)
        do throws(Errno) {
            _ = try SystemCall.check { cposix_setObjectFlags(descriptor, wanted) }
        } catch {
            // Where there are no flags there is nothing to take away.
            if self == .none, error == .notSupported || error.rawValue == ENOTTY { return }
            throw error
        }
    }

    /// Answers how many bytes there are; writes them where there is room.
    func write(to room: UnsafeMutableRawBufferPointer) -> Int {
        if room.count >= Self.byteCount {
            room.storeBytes(of: flags.littleEndian, as: UInt32.self)
            room.storeBytes(of: project.littleEndian, toByteOffset: 4, as: UInt32.self)
        }
        return Self.byteCount
    }

    /// The bytes as they travel.
    package var bytes: [UInt8] {
        [flags, project].flatMap { number in
            withUnsafeBytes(of: number.littleEndian) { Array($0) }
        }
    }

    /// Adds the name to a list of names of `count` bytes, where there is room; answers its bytes.
    static func append(to room: UnsafeMutableRawBufferPointer, at count: Int) -> Int {
        guard count + nameBytes.count + 1 <= room.count else { return count }
        UnsafeMutableRawBufferPointer(rebasing: room[count..<count + nameBytes.count])
            .copyBytes(from: nameBytes)
        room[count + nameBytes.count] = 0
        return count + nameBytes.count + 1
    }

    static func isName(_ text: UnsafePointer<CChar>) -> Bool {
        // Most names are told apart by their first two letters.
        text[0] == 0x75 && text[1] == 0x6E && strcmp(text, name) == 0
    }
}
