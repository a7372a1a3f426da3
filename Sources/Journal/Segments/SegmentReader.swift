internal import FileSystemAccess
internal import ReplicationModel

/// One reader's view of the segments: the chunk that it reads, and an open file.
struct SegmentReader: ~Copyable {
    private var chunk = ChunkBuffer()
    private var file: (name: String, descriptor: OwnedDescriptor)?
    private var known: (sequence: UInt64, figures: RecordFigures)?

    /// Hands out records from `sequence` on that lie in the same chunk, until `take` answers false.
    ///
    /// - Returns: how many were taken.
    /// - Throws: when the record is in no segment, or its chunk is not what was written.
    mutating func read(
        _ store: SegmentStore, from sequence: UInt64, limit: Int,
        _ take: (borrowing OperationRecord, UnsafeRawBufferPointer) -> Bool
    ) throws(Errno) -> Int {
        if !chunk.contains(sequence) {
            guard let (place, name) = store.find(sequence) else { throw .noSuchFile }
            try chunk.read(place, store.journalID, try descriptor(store, name))
        }
        var count = 0
        while count < limit, chunk.contains(sequence + UInt64(count)) {
            let record = chunk.record(sequence + UInt64(count))
            guard take(record, chunk.payload(of: record)) else { break }
            count += 1
        }
        return count
    }

    /// When a record was appended, and the payload bytes before it; nil when it is in no segment.
    mutating func figures(_ store: SegmentStore, _ sequence: UInt64) -> RecordFigures? {
        if let known, known.sequence == sequence { return known.figures }
        guard let (place, name) = store.find(sequence),
            let descriptor = try? descriptor(store, name)
        else { return nil }
        let entries = Int64(ChunkHead.byteCount + Int(place.count) * OperationRecord.byteCount)
        let offset =
            place.offset + entries + Int64(sequence - place.first) * Int64(ChunkHead.entryBytes)
        var figures = RecordFigures(appended: 0, bytesBefore: 0)
        let count = withUnsafeMutableBytes(of: &figures) {
            (try? SystemCall.readAll(descriptor, $0, at: offset)) ?? 0
        }
        guard count == ChunkHead.entryBytes else { return nil }
        known = (sequence, figures)
        return figures
    }

    /// Gives memory and the file back.
    mutating func close() {
        chunk = ChunkBuffer()
        file = nil
    }

    private mutating func descriptor(
        _ store: SegmentStore, _ name: String
    ) throws(Errno) -> CInt {
        if let file, file.name == name { return file.descriptor.descriptor }
        let opened = try store.open(name)
        file = (name, opened)
        return opened.descriptor
    }
}

/// What is known of a record without reading it, 16 bytes; as in a chunk.
struct RecordFigures: BitwiseCopyable {
    /// Nanoseconds since 1970-01-01 UTC.
    var appended: Int64
    /// Payload bytes of all records before it.
    var bytesBefore: UInt64
}
