package import ReplicationModel

/// A batch's body, read in place. Everything that a peer could get wrong about counts, places and
/// lengths is checked once, by `init`; what records mean is the applier's to judge.
///
/// Borrows the bytes: valid as long as they are. They need no alignment.
@frozen
package struct BatchView {
    package let header: BatchHeader
    @usableFromInline internal let payloadArea: UnsafeRawBufferPointer
    @usableFromInline internal let recordArea: UnsafeRawBufferPointer

    package init(_ body: UnsafeRawBufferPointer) throws(WireError) {
        guard body.count >= BatchHeader.byteCount else { throw .truncated }
        header = body.loadUnaligned(as: BatchHeader.self)
        guard header.flags == 0, header.reserved == 0 else { throw .badValue(.reserved) }
        guard header.recordCount <= Limits.batchRecordsMax else { throw .badBatch(.recordCount) }
        let payloadEnd = BatchHeader.byteCount + Int(header.payloadLength)
        guard header.payloadLength % 8 == 0, payloadEnd <= body.count else {
            throw .badBatch(.payloadArea)
        }
        let end = payloadEnd + Int(header.recordCount) * OperationRecord.byteCount
        guard end == body.count else { throw .badBatch(.byteCount) }
        payloadArea = UnsafeRawBufferPointer(
            rebasing: body[BatchHeader.byteCount..<payloadEnd])
        recordArea = UnsafeRawBufferPointer(rebasing: body[payloadEnd...])
        try checkRecords()
    }

    @inlinable
    package var count: Int { Int(header.recordCount) }

    /// The record at `index`, counted from 0.
    @inlinable
    package subscript(_ index: Int) -> OperationRecord {
        precondition(index >= 0 && index < count)
        return recordArea.loadUnaligned(
            fromByteOffset: index * OperationRecord.byteCount, as: OperationRecord.self)
    }

    @inlinable
    package var records: Records { Records(area: recordArea) }

    /// The payload of a record of this batch.
    @inlinable
    package func payload(of record: OperationRecord) -> UnsafeRawBufferPointer {
        let start = Int(record.payloadPlace) * 8
        let end = start + Int(record.payloadLength)
        precondition(end <= payloadArea.count)
        return UnsafeRawBufferPointer(rebasing: payloadArea[start..<end])
    }

    /// All records in order.
    @frozen
    package struct Records: Sequence, IteratorProtocol {
        @usableFromInline internal let area: UnsafeRawBufferPointer
        @usableFromInline internal var place = 0

        @usableFromInline
        internal init(area: UnsafeRawBufferPointer) { self.area = area }

        @inlinable
        package mutating func next() -> OperationRecord? {
            guard place < area.count else { return nil }
            defer { place += OperationRecord.byteCount }
            return area.loadUnaligned(fromByteOffset: place, as: OperationRecord.self)
        }
    }

    private func checkRecords() throws(WireError) {
        guard header.firstSequence <= header.lastSequence else { throw .badBatch(.sequence) }
        var sequence = header.firstSequence
        for record in records {
            guard record.sequence >= sequence, record.sequence <= header.lastSequence else {
                throw .badBatch(.sequence)
            }
            sequence = record.sequence
            guard let kind = record.kind else { throw .badBatch(.kind) }
            let end = Int(record.payloadPlace) * 8 + Int(record.payloadLength)
            guard end <= payloadArea.count, record.payloadLength <= Limits.payloadBytesMax else {
                throw .badBatch(.payload)
            }
            guard Self.isExtentValid(record, kind) else { throw .badBatch(.extent) }
        }
    }

    /// Records about bytes of an object must stay within what a file can have.
    private static func isExtentValid(_ record: OperationRecord, _ kind: OperationKind) -> Bool {
        switch kind {
        case .write, .truncate, .allocate, .mirrorData:
            record.offset >= 0 && record.length <= UInt64(Int64.max - record.offset)
        default: true
        }
    }
}
