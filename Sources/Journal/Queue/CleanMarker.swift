internal import CPosix
internal import FileSystemAccess
internal import Glibc
internal import ReplicationModel

/// Says, beside the segments, that the machine was stopped cleanly and where the journal ended: a
/// file `queue-clean` that is believed once.
///
/// ```
/// magic (8), journal (8), newest (8), bytes of payload ever (8), followers (64 × 64),
/// checksum of all before (8)
/// ```
enum CleanMarker {
    private static let name = "queue-clean"
    private static let magic: UInt64 = 0x314E_4C43_5444_4E55  // "UNDTCLN1"
    private static let byteCount = 32 + Limits.cursorCountMax * JournalLayout.followerStride + 8

    static func write(_ origin: JournalOrigin, _ folder: CInt) throws(Errno) {
        let bytes = UnsafeMutableRawBufferPointer.allocate(byteCount: byteCount, alignment: 8)
        defer { bytes.deallocate() }
        bytes.initializeMemory(as: UInt8.self, repeating: 0)
        bytes.storeBytes(of: magic, as: UInt64.self)
        bytes.storeBytes(of: origin.journalID, toByteOffset: 8, as: UInt64.self)
        bytes.storeBytes(of: origin.newest, toByteOffset: 16, as: UInt64.self)
        bytes.storeBytes(of: origin.bytesTotal, toByteOffset: 24, as: UInt64.self)
        for (slot, follower) in origin.followers.enumerated() {
            bytes.storeBytes(
                of: follower, toByteOffset: 32 + slot * JournalLayout.followerStride,
                as: FollowerSlot.self)
        }
        bytes.storeBytes(
            of: sum(UnsafeRawBufferPointer(bytes)), toByteOffset: byteCount - 8, as: UInt64.self)
        try AtomicFile.write(UnsafeRawBufferPointer(bytes), to: name, in: folder)
    }

    /// Reads the marker and removes it, durably, before anything is built on it; nil when there is
    /// none to believe.
    static func take(_ folder: CInt) throws(Errno) -> JournalOrigin? {
        let found = try AtomicFile.read(name, in: folder, bytesMax: 1 << 16)
        guard let found else { return nil }
        try remove(folder)
        return found.withUnsafeBytes { bytes -> JournalOrigin? in
            guard bytes.count == byteCount, bytes.loadUnaligned(as: UInt64.self) == magic,
                bytes.loadUnaligned(fromByteOffset: byteCount - 8, as: UInt64.self) == sum(bytes)
            else { return nil }
            var origin = JournalOrigin()
            origin.journalID = bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self)
            origin.newest = bytes.loadUnaligned(fromByteOffset: 16, as: UInt64.self)
            origin.bytesTotal = bytes.loadUnaligned(fromByteOffset: 24, as: UInt64.self)
            origin.followers = (0..<Limits.cursorCountMax).map {
                bytes.loadUnaligned(
                    fromByteOffset: 32 + $0 * JournalLayout.followerStride, as: FollowerSlot.self)
            }
            return origin
        }
    }

    /// A journal that is in use has not ended.
    static func remove(_ folder: CInt) throws(Errno) {
        let result = cposix_unlinkat(folder, name, 0)
        if result == -ENOENT { return }
        _ = try SystemCall.check { result }
        _ = try SystemCall.check { cposix_fsync(folder) }
    }

    private static func sum(_ bytes: UnsafeRawBufferPointer) -> UInt64 {
        Checksum.of64(UnsafeRawBufferPointer(rebasing: bytes[..<(byteCount - 8)]))
    }
}
