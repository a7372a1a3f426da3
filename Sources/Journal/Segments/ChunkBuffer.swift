internal import FileSystemAccess
internal import ReplicationModel

/// A chunk in memory of its own, being made or having been read.
struct ChunkBuffer: ~Copyable {
    private(set) var bytes: UnsafeMutableRawBufferPointer
    private(set) var head = ChunkHead()

    init() { bytes = .allocate(byteCount: 1 << 16, alignment: 64) }

    deinit { bytes.deallocate() }

    private mutating func reserve(_ count: Int) {
        guard count > bytes.count else { return }
        bytes.deallocate()
        bytes = .allocate(byteCount: count, alignment: 64)
    }

    // MARK: Using

    /// Whether a record lies in it.
    func contains(_ sequence: UInt64) -> Bool {
        head.count > 0 && sequence >= head.first && sequence <= head.last
    }

    mutating func forget() { head.count = 0 }

    func record(_ sequence: UInt64) -> OperationRecord {
        bytes.loadUnaligned(
            fromByteOffset: ChunkHead.byteCount + Int(sequence - head.first) * 64,
            as: OperationRecord.self)
    }

    func payload(of record: OperationRecord) -> UnsafeRawBufferPointer {
        let start = ChunkHead.byteCount + head.recordsBytes + Int(record.payloadPlace) * 8
        return UnsafeRawBufferPointer(
            rebasing: bytes[start..<start + Int(record.payloadLength)])
    }

    var whole: UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: bytes[..<head.totalBytes])
    }

    // MARK: Making

    /// Copies records from the ring, from `first` on, as many as `bytesMax` (at least one record)
    /// and `newest` allow. What is copied may be torn; the caller finds out whether it was written
    /// over meanwhile.
    ///
    /// - Returns: whether lengths and places are ones that records can have.
    mutating func fill(
        _ memory: JournalMemory, from first: UInt64, through newest: UInt64, bytesMax: Int
    ) -> Bool {
        var count = 0
        var payload = 0
        while count < ChunkHead.recordsMax, first + UInt64(count) <= newest {
            let length = Int(memory.record(first + UInt64(count)).pointee.payloadLength)
            guard length <= Limits.payloadBytesMax else { return false }
            let rounded = (length + 7) & ~7
            let records = (count + 1) * (OperationRecord.byteCount + ChunkHead.entryBytes)
            if count > 0, records + payload + rounded > bytesMax { break }
            payload += rounded
            count += 1
        }
        guard count > 0 else { return false }
        head = ChunkHead()
        head.journalID = memory.journalID
        head.first = first
        head.count = UInt32(count)
        head.payloadBytes = UInt32(payload)
        head.bytesBefore = memory.entry(first).pointee.bytesBefore
        reserve(head.totalBytes)
        return copy(memory, count, payload)
    }

    private mutating func copy(_ memory: JournalMemory, _ count: Int, _ payload: Int) -> Bool {
        let entries = ChunkHead.byteCount + count * OperationRecord.byteCount
        let payloads = ChunkHead.byteCount + head.recordsBytes
        var place = 0
        for number in 0..<count {
            let sequence = head.first + UInt64(number)
            var record = memory.record(sequence).pointee
            let entry = memory.entry(sequence).pointee
            let length = Int(record.payloadLength)
            let rounded = (length + 7) & ~7
            let source = Int(record.payloadPlace) * 8
            guard record.sequence == sequence, source + length <= memory.payloadCapacity,
                place + rounded <= payload
            else { return false }
            record.payloadPlace = UInt32(place / 8)
            bytes.storeBytes(
                of: record, toByteOffset: ChunkHead.byteCount + number * 64,
                as: OperationRecord.self)
            bytes.storeBytes(
                of: entry.appended, toByteOffset: entries + number * 16, as: Int64.self)
            bytes.storeBytes(
                of: entry.bytesBefore, toByteOffset: entries + number * 16 + 8, as: UInt64.self)
            let target = UnsafeMutableRawBufferPointer(
                rebasing: bytes[payloads + place..<payloads + place + rounded])
            for gap in length..<rounded { target[gap] = 0 }
            target.copyMemory(
                from: UnsafeRawBufferPointer(start: memory.payload + source, count: length))
            place += rounded
        }
        return place == payload
    }

    /// Computes the sums; the chunk can be written then.
    mutating func seal() {
        let records = ChunkHead.byteCount..<ChunkHead.byteCount + head.recordsBytes
        head.recordsSum = Checksum.of64(UnsafeRawBufferPointer(rebasing: bytes[records]))
        let payloads = records.upperBound..<head.totalBytes
        head.payloadSum = Checksum.of64(UnsafeRawBufferPointer(rebasing: bytes[payloads]))
        head.seal()
        bytes.storeBytes(of: head, as: ChunkHead.self)
    }

    // MARK: Reading

    /// Reads a chunk and believes nothing of it: what is not whole, or not of this journal, or not
    /// what was written there, is an error. Without `payloads` only the records are read.
    mutating func read(
        _ place: ChunkPlace, _ journalID: UInt64, _ descriptor: CInt, payloads: Bool = true
    ) throws(Errno) {
        head.count = 0
        let records = ChunkHead.byteCount + Int(place.count) * (64 + ChunkHead.entryBytes)
        let total = records + Int(place.payloadBytes)
        reserve(total)
        let wanted = payloads ? total : records
        let room = UnsafeMutableRawBufferPointer(rebasing: bytes[..<wanted])
        guard try SystemCall.readAll(descriptor, room, at: place.offset) == wanted else {
            throw .inputOutput
        }
        let found = bytes.loadUnaligned(as: ChunkHead.self)
        guard found.isValid(journalID), found.first == place.first, found.count == place.count,
            found.payloadBytes == place.payloadBytes,
            found.recordsSum
                == Checksum.of64(
                    UnsafeRawBufferPointer(rebasing: bytes[ChunkHead.byteCount..<records])),
            !payloads
                || found.payloadSum
                    == Checksum.of64(UnsafeRawBufferPointer(rebasing: bytes[records..<total]))
        else { throw .inputOutput }
        for number in 0..<Int(found.count) {
            let record = bytes.loadUnaligned(
                fromByteOffset: ChunkHead.byteCount + number * 64, as: OperationRecord.self)
            guard record.sequence == found.first + UInt64(number),
                Int(record.payloadPlace) * 8 + Int(record.payloadLength) <= Int(found.payloadBytes)
            else { throw .inputOutput }
        }
        head = found
    }
}
