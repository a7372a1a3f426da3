internal import CPosix
internal import FileSystemAccess
internal import ReplicationModel
internal import Synchronization

/// What survives a power cut about one connection's target. 120 bytes in the file, in this order,
/// behind a magic number and before a checksum.
struct Checkpoint: BitwiseCopyable, Equatable, Sendable {
    var flags: CheckpointFlags = []
    /// The journal that `durable` counts in.
    var journalID: UInt64 = 0
    /// All changes up to here are on disk.
    var durable: UInt64 = 0
    /// Which map log belongs to `durable` ...
    var logGeneration: UInt64 = 0
    /// ... and up to which byte.
    var logOffset: UInt64 = 0
    /// The boot of this machine that wrote the checkpoint: within it, memory that was written to
    /// the kernel is as good as on disk.
    var bootLow: UInt64 = 0
    var bootHigh: UInt64 = 0
    /// When `durable` was reached: nanoseconds since 1970-01-01 UTC. What is older at the target
    /// was not made by a change after `durable`.
    var time: Int64 = 0
    /// Counts the mirrors that were begun.
    var mirrorGeneration: UInt64 = 0
    /// Between these times (nanoseconds since 1970-01-01 UTC) changes may have been made at the
    /// target that the map does not know of.
    var unsureFrom: Int64 = 0
    var unsureTo: Int64 = 0

    init() {}

    var boot: (UInt64, UInt64) {
        get { (bootLow, bootHigh) }
        set { (bootLow, bootHigh) = newValue }
    }

    /// Objects that were made from `lastWritten` until now may not be in the map. Answers the first
    /// of the times that are added.
    @discardableResult
    mutating func noteUnsure(since lastWritten: Int64) -> Int64 {
        // Times of files lag behind the clock by up to a tick.
        let start = max(lastWritten - 1_000_000_000, 1)
        unsureFrom = unsureTo == 0 ? start : min(unsureFrom, start)
        unsureTo = cposix_realtime()
        return start
    }

    /// Whether what was applied after `durable` can be relied on in this boot.
    func isTrusted(_ boot: (UInt64, UInt64)) -> Bool {
        self.boot == boot && !flags.contains(.distrusted)
    }
}

struct CheckpointFlags: OptionSet, BitwiseCopyable, Equatable, Sendable {
    let rawValue: UInt64
    init(rawValue: UInt64) { self.rawValue = rawValue }

    /// A mirror was begun and is not complete.
    static let inconsistent = CheckpointFlags(rawValue: 1)
    /// The target differs in a way that only a mirror puts right.
    static let mirrorRequired = CheckpointFlags(rawValue: 2)
    /// A resync does not put it right.
    static let wholeRequired = CheckpointFlags(rawValue: 4)
    /// The applier was closed when all that it had made was known.
    static let closed = CheckpointFlags(rawValue: 8)
    /// A sync failed: what was written after `durable` may not be on the disk, although it can be
    /// read, and no later sync makes up for it.
    static let distrusted = CheckpointFlags(rawValue: 16)
    /// After that, until a mirror's end is durable or the machine was started again: content that
    /// can be read may be in the kernel's memory only, and the kernel takes it for written. So what
    /// may differ must be written again, not compared.
    static let unproven = CheckpointFlags(rawValue: 32)
}

/// The file `checkpoint`, written whole and atomically. Apply thread and syncer both change it.
///
/// The next one is written into the file that the last one replaced, and takes its name: a disk
/// that is full has no room for a new file, and what makes room there may have to be noted first.
final class CheckpointStore: Sendable {
    private let folder: OwnedDescriptor
    private let current: Mutex<Checkpoint>

    static let name = "checkpoint"
    private static let spareName = "checkpoint.spare"
    private static let magic: UInt64 = 0x0031_5043_4B54_5355

    /// The stored checkpoint, or nil when there is none that can be believed.
    static func read(in folder: CInt) throws(Errno) -> Checkpoint? {
        let size = MemoryLayout<Checkpoint>.size
        guard let bytes = try AtomicFile.read(name, in: folder, bytesMax: 4096),
            bytes.count == size + 16
        else { return nil }
        return bytes.withUnsafeBytes { bytes in
            let sum = Checksum.of64(UnsafeRawBufferPointer(rebasing: bytes[..<(size + 8)]))
            guard bytes.loadUnaligned(as: UInt64.self) == magic,
                bytes.loadUnaligned(fromByteOffset: size + 8, as: UInt64.self) == sum
            else { return nil }
            return bytes.loadUnaligned(fromByteOffset: 8, as: Checkpoint.self)
        }
    }

    init(folder: OwnedDescriptor, _ checkpoint: Checkpoint) {
        self.folder = folder
        current = Mutex(checkpoint)
    }

    var value: Checkpoint { current.withLock { $0 } }

    /// Changes the checkpoint; it is on disk when this returns. Nothing is written when nothing
    /// changed.
    func update(_ change: (inout Checkpoint) -> Void) throws(Errno) {
        let error = current.withLock { checkpoint -> Errno? in
            var next = checkpoint
            change(&next)
            guard next != checkpoint else { return nil }
            do throws(Errno) {
                try write(next)
                checkpoint = next
                return nil
            } catch {
                return error
            }
        }
        if let error { throw error }
    }

    /// Writes the checkpoint as it stands, and a spare one, so that later ones need no room.
    func write() throws(Errno) {
        try write(value)
        try write(value)
    }

    private func write(_ checkpoint: Checkpoint) throws(Errno) {
        let size = MemoryLayout<Checkpoint>.size
        let room = UnsafeMutableRawBufferPointer.allocate(byteCount: size + 16, alignment: 8)
        defer { room.deallocate() }
        room.storeBytes(of: Self.magic, as: UInt64.self)
        room.storeBytes(of: checkpoint, toByteOffset: 8, as: Checkpoint.self)
        let sum = Checksum.of64(UnsafeRawBufferPointer(rebasing: room[..<(size + 8)]))
        room.storeBytes(of: sum, toByteOffset: size + 8, as: UInt64.self)
        try AtomicFile.exchange(
            UnsafeRawBufferPointer(room), to: Self.name, by: Self.spareName,
            in: folder.descriptor)
    }
}

/// This boot of the machine as two numbers; zeros when the kernel does not say.
enum BootID {
    static func current() -> (UInt64, UInt64) {
        let room = UnsafeMutableRawBufferPointer.allocate(byteCount: 64, alignment: 8)
        defer { room.deallocate() }
        guard let file = try? SystemCall.open("/proc/sys/kernel/random/boot_id", 0) else {
            return (0, 0)
        }
        defer { SystemCall.close(file) }
        guard let count = try? SystemCall.readAll(file, room, at: 0) else { return (0, 0) }
        let sum = Checksum.of128(UnsafeRawBufferPointer(rebasing: room[..<count]))
        return (sum.low, sum.high)
    }
}
