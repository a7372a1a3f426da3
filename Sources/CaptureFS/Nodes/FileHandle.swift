internal import CLinuxFuse
internal import CPosix
internal import Glibc

/// What a file system needs to open an object again without any name: a file handle, at most 40
/// bytes. Longer ones (none of ext4, XFS, Btrfs) are treated as if there were none.
struct FileHandle: BitwiseCopyable {
    private var words: (UInt64, UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0, 0)
    private(set) var byteCount: UInt8 = 0
    private var type: CInt = 0

    static let byteCountMax = 40

    /// Of `name` in `directory`, or with AT_EMPTY_PATH of the descriptor itself; nil where the file
    /// system has no handles.
    init?(_ directory: CInt, _ name: UnsafePointer<CChar>, flags: CInt) {
        let room = 128
        let result = withUnsafeTemporaryAllocation(of: UInt8.self, capacity: room) { bytes in
            var type: CInt = 0
            let count = cposix_handle(directory, name, flags, bytes.baseAddress, &type)
            guard count > 0, count <= Self.byteCountMax else { return false }
            self.type = type
            byteCount = UInt8(count)
            let used = UnsafeRawBufferPointer(
                rebasing: UnsafeRawBufferPointer(bytes)[..<Int(count)])
            withUnsafeMutableBytes(of: &words) { $0.copyMemory(from: used) }
            return true
        }
        guard result else { return nil }
    }

    /// The handle that ext2, ext3 and ext4 make of an inode number, when the generation is not
    /// known; other file systems answer ESTALE.
    init(inodeAlone inode: UInt32) {
        words.0 = UInt64(inode)
        byteCount = 8
        type = 1
    }

    /// As `store` left it; nil where there was none.
    init?(stored place: UnsafeRawPointer) {
        byteCount = place.load(fromByteOffset: Self.byteCountMax, as: UInt8.self)
        guard byteCount > 0, byteCount <= Self.byteCountMax else { return nil }
        words = place.load(as: (UInt64, UInt64, UInt64, UInt64, UInt64).self)
        type = place.load(fromByteOffset: Self.byteCountMax + 4, as: CInt.self)
    }

    /// Into 48 bytes.
    static func store(_ handle: FileHandle?, _ place: UnsafeMutableRawPointer) {
        place.storeBytes(of: handle?.byteCount ?? 0, toByteOffset: byteCountMax, as: UInt8.self)
        guard let handle else { return }
        place.storeBytes(of: handle.words, as: (UInt64, UInt64, UInt64, UInt64, UInt64).self)
        place.storeBytes(of: handle.type, toByteOffset: byteCountMax + 4, as: CInt.self)
    }

    /// A descriptor, or -errno. `mount` is any descriptor (not O_PATH) of the same mount.
    func open(_ mount: CInt, _ flags: CInt) -> CInt {
        withUnsafeBytes(of: words) {
            cposix_openHandle(
                mount, $0.baseAddress?.assumingMemoryBound(to: UInt8.self), CInt(byteCount), type,
                flags)
        }
    }

    /// The same number as `cposix_generation` makes, without asking the file system again.
    var generation: UInt32 {
        var hash: UInt32 = 2_166_136_261 ^ UInt32(bitPattern: type)
        withUnsafeBytes(of: words) {
            for index in 0..<Int(byteCount) { hash = (hash ^ UInt32($0[index])) &* 16_777_619 }
        }
        hash ^= hash >> 15
        hash = hash &* 0x2c1b_3c6d
        hash ^= hash >> 12
        return hash == 0 ? 1 : hash
    }
}

/// Flags of `open` whose macros Swift cannot read.
enum OpenFlags {
    static let path: CInt = 0o10000000
    /// RESOLVE_NO_XDEV of openat2.
    static let noCrossing: UInt64 = 1
    static let temporary: CInt = 0o20000000 | O_DIRECTORY
}
