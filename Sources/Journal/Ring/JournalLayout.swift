/// Where things lie in the journal's shared memory. Capture processes and the daemon map the same
/// memory and may be of different builds while one of them is upgraded, so the layout has a
/// version. Docs/Formats/Journal.md describes it for people.
///
/// ```
/// 0        header: who and how large, the lock, the counters, the wake-up words
/// 1024     followers: 64 slots of 64 bytes
/// 8192     records: recordCapacity × 64 bytes, the record of sequence s in slot (s - 1) % capacity
///          entries: recordCapacity × 24 bytes, where each payload starts and when it came
///          payload: a ring of bytes; a payload never wraps, the rest before the end is skipped
/// ```
enum JournalLayout {
    static let magic: UInt64 = 0x4C4E_524A_5444_4E55  // "UNDTJRNL"
    static let version: UInt64 = 2

    // Words of the header, byte offsets.
    static let magicPlace = 0
    static let versionPlace = 8
    static let recordCapacityPlace = 16
    static let payloadCapacityPlace = 24
    static let journalIDPlace = 32
    /// Two words.
    static let bootPlace = 40
    static let lockPlace = 64
    /// Connections that replicate; a capture keeps hot groups only while there is one.
    static let watchedPlace = 128

    // One line of the processor's cache that every append uses.
    /// Sequence of the newest record.
    static let newestPlace = 192
    /// Absolute count of payload bytes ever placed, skipped ones included.
    static let payloadHeadPlace = 200
    /// Records up to this sequence are needed in the ring by nobody, and may be written over.
    static let freeThroughPlace = 208
    /// Followers that were put out because the memory was full, ever.
    static let putOutCountPlace = 216
    /// The keeper is woken when the payload head reaches this.
    static let wakeHeadPlace = 224
    /// The keeper is woken when this sequence is appended.
    static let wakeSequencePlace = 232
    /// Records up to this sequence lie in segments, as far as anybody needs them.
    static let spilledThroughPlace = 240
    /// Payload bytes of all records ever appended, without what was skipped.
    static let bytesTotalPlace = 248

    /// Bumped with every record; readers sleep on it.
    static let signalPlace = 256
    static let sleepersPlace = 260
    /// Followers that records are kept for.
    static let followerCountPlace = 264
    /// Bumped to wake the keeper.
    static let keeperSignalPlace = 268

    static let followersPlace = 1024
    static let followerStride = 64
    static let recordsPlace = 8192

    /// Splits a memory limit: an eighth for records, so that 4 KiB writes fill payload first and
    /// tiny changes have room as well.
    static func capacities(bytes: Int) -> (records: Int, payload: Int) {
        let usable = max(bytes, 1 << 20) - recordsPlace
        let records = max(1024, usable / 8 / bytesPerRecord)
        let payload = (usable - records * bytesPerRecord) & ~4095
        return (records, payload)
    }

    static let entryStride = 24
    static let bytesPerRecord = 64 + entryStride
}

/// What the journal knows of a record and the wire does not need, 24 bytes.
struct RecordEntry: BitwiseCopyable {
    /// Absolute (never wrapping) count of ring bytes before its payload.
    var payloadStart: UInt64
    /// When it was appended, nanoseconds since 1970-01-01 UTC.
    var appended: Int64
    /// Payload bytes of all records before it.
    var bytesBefore: UInt64
}

/// What the journal's users can meet when they set it up. Appending and reading never throw.
package enum JournalError: Error, Hashable, Sendable {
    /// The memory could not be made or mapped; the system's errno.
    case memory(errno: CInt)
    /// The descriptor stands for something that is no journal.
    case notAJournal
    /// Another version laid the memory out.
    case version(found: UInt64, expected: UInt64)
    /// All `Limits.cursorCountMax` places for followers are taken.
    case tooManyFollowers
}
