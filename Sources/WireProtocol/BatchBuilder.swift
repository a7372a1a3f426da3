package import ReplicationModel

/// Makes a whole batch frame in memory that the caller owns and that must outlive the builder.
///
/// The payload grows from the front and lies where it will be sent; records collect at the far end,
/// backwards, and move behind the payload when the batch is finished. Full is an answer: the caller
/// finishes the batch and starts the next.
@frozen
package struct BatchBuilder {
    private let memory: UnsafeMutableRawBufferPointer
    /// Start of the payload area in `memory`.
    private static let payloadStart = FrameHeader.byteCount + BatchHeader.byteCount
    /// Bytes of the payload area in use, a multiple of 8.
    private var payloadCount = 0
    /// Records that the batch holds.
    package private(set) var recordCount = 0
    private var firstSequence: UInt64 = 0
    private var lastSequence: UInt64 = 0
    /// What `reservePayload` gave out and `commit` has not taken yet.
    private var reserved = 0

    /// Memory that holds any batch: frame header and the largest body.
    package static let memoryBytesMax = FrameHeader.byteCount + Limits.batchBytesMax
    /// Memory that holds a record with the largest payload.
    package static let memoryBytesMin =
        payloadStart + (Limits.payloadBytesMax + 7) & ~7 + OperationRecord.byteCount

    /// `memory` is aligned to 8 bytes; what it has above `memoryBytesMax` stays unused.
    package init(memory: UnsafeMutableRawBufferPointer) {
        precondition(memory.count >= Self.payloadStart + OperationRecord.byteCount)
        precondition(UInt(bitPattern: memory.baseAddress) % 8 == 0)
        let count = min(memory.count & ~7, Self.memoryBytesMax)
        self.memory = UnsafeMutableRawBufferPointer(rebasing: memory[..<count])
    }

    package var isEmpty: Bool { recordCount == 0 }

    /// Bytes of the whole frame as it stands.
    package var byteCount: Int {
        Self.payloadStart + payloadCount + recordCount * OperationRecord.byteCount
    }

    /// Bytes of payload that a next record can have; below zero: there is no room for a record.
    package var payloadRoom: Int {
        guard recordCount < Limits.batchRecordsMax else { return -1 }
        let room = memory.count - byteCount - OperationRecord.byteCount
        return room < 0 ? -1 : min(room & ~7, Limits.payloadBytesMax)
    }

    /// Adds a record and a copy of its payload; false: no room, nothing changed. Place and length
    /// of the payload are set here, its checksum is the caller's.
    package mutating func append(
        _ record: OperationRecord, payload: UnsafeRawBufferPointer
    ) -> Bool {
        precondition(payload.count <= Limits.payloadBytesMax)
        guard let place = reservePayload(payload.count) else { return false }
        if payload.count > 0 { place.copyMemory(from: payload) }
        commit(record, payloadBytes: payload.count)
        return true
    }

    /// Adds a record that has no payload.
    package mutating func append(_ record: OperationRecord) -> Bool {
        append(record, payload: UnsafeRawBufferPointer(start: nil, count: 0))
    }

    /// Room for the payload of the next record, to be filled and then committed; nil: no room. What
    /// is reserved and not committed is given back by the next call.
    package mutating func reservePayload(_ count: Int) -> UnsafeMutableRawBufferPointer? {
        guard count <= payloadRoom else { return nil }
        reserved = count
        let start = Self.payloadStart + payloadCount
        return UnsafeMutableRawBufferPointer(rebasing: memory[start..<start + count])
    }

    /// Adds a record with the first `payloadBytes` of what was reserved before.
    package mutating func commit(_ record: OperationRecord, payloadBytes: Int) {
        precondition(payloadBytes <= reserved && payloadRoom >= payloadBytes)
        precondition(recordCount == 0 || record.sequence >= lastSequence)
        var placed = record
        placed.payloadPlace = payloadBytes == 0 ? 0 : UInt32(payloadCount / 8)
        placed.payloadLength = UInt32(payloadBytes)
        let padded = (payloadBytes + 7) & ~7
        let start = Self.payloadStart + payloadCount
        for place in start + payloadBytes..<start + padded { memory[place] = 0 }
        payloadCount += padded
        reserved = 0
        if recordCount == 0 { firstSequence = record.sequence }
        lastSequence = record.sequence
        recordCount += 1
        let recordPlace = memory.count - recordCount * OperationRecord.byteCount
        memory.storeBytes(of: placed, toByteOffset: recordPlace, as: OperationRecord.self)
    }

    /// Writes both headers and moves the records behind the payload. Answers the bytes of the whole
    /// frame, from the start of the memory. `through`: the batch speaks for all changes up to this
    /// sequence, where that is more than its last record says.
    package mutating func finish(connection: UInt32, through: UInt64 = 0) -> Int {
        let frameCount = byteCount
        moveRecords()
        var header = BatchHeader()
        header.lastSequence = max(lastSequence, through)
        header.firstSequence = recordCount == 0 ? header.lastSequence : firstSequence
        header.recordCount = UInt32(recordCount)
        header.payloadLength = UInt32(payloadCount)
        memory.storeBytes(
            of: header, toByteOffset: FrameHeader.byteCount, as: BatchHeader.self)
        let body = memory[FrameHeader.byteCount..<frameCount]
        FrameHeader(.batch, connection: connection, body: UnsafeRawBufferPointer(rebasing: body))
            .write(to: memory)
        payloadCount = 0
        recordCount = 0
        lastSequence = 0
        firstSequence = 0
        reserved = 0
        return frameCount
    }

    /// Turns the backwards list at the far end around and puts it behind the payload.
    private func moveRecords() {
        guard recordCount > 0 else { return }
        let listCount = recordCount * OperationRecord.byteCount
        let list = UnsafeMutableRawBufferPointer(rebasing: memory[(memory.count - listCount)...])
        list.withMemoryRebound(to: OperationRecord.self) { records in
            var records = records
            records.reverse()
        }
        let start = Self.payloadStart + payloadCount
        UnsafeMutableRawBufferPointer(rebasing: memory[start..<start + listCount])
            .copyMemory(from: UnsafeRawBufferPointer(list))
    }
}
