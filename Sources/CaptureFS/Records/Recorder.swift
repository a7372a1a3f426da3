internal import CLinuxFuse
internal import CPosix
internal import Glibc
internal import Journal
internal import ReplicationModel
internal import Synchronization

/// The only place where an operation becomes a record. Everything here is called after the effect
/// and under the shards of the objects concerned, so that records stand in the order of effects.
final class Recorder: Sendable {
    private let journal: JournalWriter
    private let memory: SharedMemory

    init(journal: JournalWriter, memory: SharedMemory) {
        self.journal = journal
        self.memory = memory
    }

    /// Records appended since the mount began.
    var count: UInt64 { memory[.records] }

    /// Whether a connection replicates anything here, so that changes must be hot first.
    @inline(__always)
    var isWatched: Bool { journal.isWatched }

    /// A change was recorded and what it left could not be read: the target may have it otherwise.
    func countUnread() { memory.atomic(.unread).pointee.wrappingAdd(1, ordering: .relaxed) }

    /// Whether a change that happened before this question has to be recorded. Asked after an
    /// effect and answered no, the change is seen by whoever starts to follow later.
    @inline(__always)
    func wants(_ membership: UInt16) -> Bool { membership != 0 && journal.isFollowed }

    @inline(__always)
    func append(
        _ record: OperationRecord, _ first: UnsafeRawBufferPointer = Recorder.nothing,
        _ second: UnsafeRawBufferPointer = Recorder.nothing,
        _ third: UnsafeRawBufferPointer = Recorder.nothing
    ) {
        CrashPoint.pass(.effect)
        if journal.append(record, first, second, third) != 0 {
            memory.atomic(.records).pointee.wrappingAdd(1, ordering: .relaxed)
        }
        CrashPoint.pass(.recorded)
    }

    static var nothing: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: nil, count: 0) }

    // MARK: Data

    @inline(__always)
    func write(
        _ file: FileID, _ membership: UInt16, _ status: stat, offset: Int64,
        _ bytes: UnsafeRawBufferPointer
    ) {
        var record = OperationRecord(.write, file)
        record.offset = offset
        record.length = UInt64(bytes.count)
        record.time = modified(status)
        record.membership = membership
        append(record, bytes)
    }

    func truncate(_ file: FileID, _ membership: UInt16, _ status: stat, size: UInt64) {
        var record = OperationRecord(.truncate, file)
        record.length = size
        record.time = modified(status)
        record.membership = membership
        append(record)
    }

    func allocate(
        _ file: FileID, _ membership: UInt16, _ status: stat, offset: UInt64, length: UInt64,
        mode: UInt32
    ) {
        var record = OperationRecord(.allocate, file)
        record.offset = Int64(bitPattern: offset)
        record.length = length
        record.time = modified(status)
        record.flags = UInt8(truncatingIfNeeded: mode)
        record.membership = membership
        append(record)
    }

    // MARK: Names

    /// `first` is the name at hand, `second` a rename's new name or a new link's text, `third` the
    /// extended attributes; their lengths are in `change`.
    func names(
        _ kind: OperationKind, _ file: FileID, _ membership: UInt16, _ change: NameChange,
        flags: UInt8 = 0, _ parts: NameParts
    ) {
        var record = OperationRecord(kind, file)
        record.time = change.attributes.modified
        record.flags = flags
        record.membership = membership
        var change = change
        change.nameLength = UInt16(parts.name.count)
        change.otherNameLength = UInt16(parts.otherName.count)
        change.linkTextLength = UInt16(parts.linkText.count)
        change.extendedLength = UInt32(parts.extended.count)
        let count = change.byteCount
        let head = NameChange.fixedByteCount + parts.name.count + parts.otherName.count
        withUnsafeTemporaryAllocation(byteCount: head, alignment: 8) { room in
            room.storeBytes(of: change, as: NameChange.self)
            var place = NameChange.fixedByteCount
            for part in [parts.name, parts.otherName] where !part.isEmpty {
                UnsafeMutableRawBufferPointer(rebasing: room[place..<place + part.count])
                    .copyMemory(from: part)
                place += part.count
            }
            precondition(count == head + parts.linkText.count + parts.extended.count)
            append(record, UnsafeRawBufferPointer(room), parts.linkText, parts.extended)
        }
    }

    // MARK: Attributes

    func attributes(
        _ file: FileID, _ membership: UInt16, _ status: stat, _ set: AttributeSet
    ) {
        var record = OperationRecord(.attributes, file)
        record.time = modified(status)
        record.flags = set.rawValue
        record.membership = membership
        withUnsafeBytes(of: ObjectAttributes(status)) { append(record, $0) }
    }

    /// `value` nil: the attribute went.
    func extended(
        _ file: FileID, _ membership: UInt16, _ status: stat, _ name: UnsafeRawBufferPointer,
        _ value: UnsafeRawBufferPointer?
    ) {
        var record = OperationRecord(value == nil ? .removeExtended : .setExtended, file)
        record.time = modified(status)
        record.membership = membership
        var change = AttributeChange()
        change.nameLength = UInt16(name.count)
        change.valueLength = UInt32(value?.count ?? 0)
        withUnsafeBytes(of: change) { append(record, $0, name, value ?? Self.nothing) }
    }

    @inline(__always)
    private func modified(_ status: stat) -> Int64 { cposix_nanoseconds(status.st_mtim) }
}

/// The parts of variable length of a `NameChange`.
struct NameParts {
    var name = Recorder.nothing
    var otherName = Recorder.nothing
    var linkText = Recorder.nothing
    var extended = Recorder.nothing
}

extension ObjectAttributes {
    init(_ status: stat) {
        self.init()
        mode = status.st_mode
        user = status.st_uid
        group = status.st_gid
        linkCount = UInt32(truncatingIfNeeded: status.st_nlink)
        if type == .characterDevice || type == .blockDevice {
            let number = UInt64(status.st_rdev)
            deviceMajor = UInt32(
                truncatingIfNeeded: (number >> 8) & 0xFFF | (number >> 32) & ~0xFFF)
            deviceMinor = UInt32(truncatingIfNeeded: number & 0xFF | (number >> 12) & ~0xFF)
        }
        size = Int64(status.st_size)
        accessed = cposix_nanoseconds(status.st_atim)
        modified = cposix_nanoseconds(status.st_mtim)
    }
}
