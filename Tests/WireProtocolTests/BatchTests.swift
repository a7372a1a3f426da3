import ReplicationModel
import Testing

@testable import WireProtocol

@Suite struct BatchTests {
    private static let file = FileID(inode: 11, generation: 7, mount: 1)

    private static func record(
        _ sequence: UInt64, _ kind: OperationKind = .write
    ) -> OperationRecord {
        var record = OperationRecord(kind, file)
        record.sequence = sequence
        return record
    }

    @Test func recordsAndPayloadsComeBackInOrder() throws {
        var generator = SeededGenerator(seed: 1)
        let payloads = (0..<200).map { _ in
            [UInt8](randomBytes: Int.random(in: 0...300, using: &generator), using: &generator)
        }
        let frame = Samples.withBuilder(byteCount: 256 << 10) { builder in
            for (index, payload) in payloads.enumerated() {
                let isAdded = payload.withUnsafeBytes {
                    builder.append(Self.record(UInt64(index / 2 + 5)), payload: $0)
                }
                #expect(isAdded)
            }
            #expect(builder.recordCount == 200)
            let announced = builder.byteCount
            let used = builder.finish(connection: 9)
            #expect(used == announced)
            return used
        }
        #expect(try decodeHeader(frame).connection == 9)
        try frame[32...].withUnsafeBytes { body in
            let view = try BatchView(body)
            #expect(view.header.firstSequence == 5)
            #expect(view.header.lastSequence == 104)
            #expect(view.count == 200)
            for (index, record) in view.records.enumerated() {
                #expect(record.sequence == UInt64(index / 2 + 5))
                #expect(Array(view.payload(of: record)) == payloads[index])
                #expect(view[index] == record)
            }
        }
    }

    @Test func aFileCanBeReadStraightIntoTheFrame() throws {
        let frame = Samples.withBuilder { builder in
            let place = builder.reservePayload(100)
            #expect(place?.count == 100)
            place?.copyBytes(from: [1, 2, 3])
            builder.commit(Self.record(1, .mirrorData), payloadBytes: 3)
            // Reserved, but nothing came of it.
            _ = builder.reservePayload(50)
            let isAdded = builder.append(Self.record(2))
            #expect(isAdded)
            return builder.finish(connection: 1)
        }
        try frame[32...].withUnsafeBytes { body in
            let view = try BatchView(body)
            #expect(Array(view.payload(of: view[0])) == [1, 2, 3])
            #expect(view.header.payloadLength == 8)
            #expect(view[1].payloadLength == 0)
        }
    }

    @Test func aFullBatchSaysSoAndKeepsWhatItHas() throws {
        let payload = [UInt8](repeating: 7, count: 1000)
        let frame = Samples.withBuilder(byteCount: 10_000) { builder in
            var count = 0
            while payload.withUnsafeBytes({
                builder.append(Self.record(UInt64(count + 1)), payload: $0)
            }) { count += 1 }
            #expect(count == 9)
            #expect(builder.payloadRoom < 1000)
            while builder.append(Self.record(100)) { count += 1 }
            #expect(builder.payloadRoom == -1)
            #expect(builder.recordCount == count)
            #expect(builder.byteCount <= 10_000)
            return builder.finish(connection: 1)
        }
        #expect(batchProblem(Array(frame[32...])) == nil)
    }

    @Test func aBatchHasNoMoreRecordsThanTheLimit() {
        let frame = Samples.withBuilder(byteCount: BatchBuilder.memoryBytesMax) { builder in
            var count = 0
            while builder.append(Self.record(1)) { count += 1 }
            #expect(count == Limits.batchRecordsMax)
            return builder.finish(connection: 1)
        }
        #expect(batchProblem(Array(frame[32...])) == nil)
    }

    @Test func aBatchIsNoLongerThanTheLimit() throws {
        let payload = [UInt8](repeating: 1, count: Limits.payloadBytesMax)
        let memory = BatchBuilder.memoryBytesMax + 5 << 20
        let frame = Samples.withBuilder(byteCount: memory) { builder in
            while payload.withUnsafeBytes({ builder.append(Self.record(1), payload: $0) }) {}
            #expect(builder.recordCount == 3)
            while builder.append(Self.record(1)), builder.recordCount < 8000 {}
            _ = builder.reservePayload(max(builder.payloadRoom, 0))
            return builder.finish(connection: 1)
        }
        #expect(Int(try decodeHeader(frame).bodyLength) <= Limits.batchBytesMax)
    }

    @Test func theSmallestMemoryHoldsTheLargestPayload() {
        let payload = [UInt8](repeating: 1, count: Limits.payloadBytesMax)
        _ = Samples.withBuilder(byteCount: BatchBuilder.memoryBytesMin) { builder in
            let isAdded = payload.withUnsafeBytes {
                builder.append(Self.record(1), payload: $0)
            }
            #expect(isAdded)
            return builder.finish(connection: 1)
        }
    }

    @Test func anEmptyBatchSpeaksForWhatWasFilteredOut() throws {
        let frame = Samples.withBuilder { builder in
            #expect(builder.isEmpty)
            return builder.finish(connection: 1, through: 77)
        }
        try frame[32...].withUnsafeBytes { body in
            let view = try BatchView(body)
            #expect(view.count == 0)
            #expect(view.header.firstSequence == 77)
            #expect(view.header.lastSequence == 77)
        }
    }

    @Test func aFinishedBuilderStartsAgainFromNothing() {
        let frame = Samples.withBuilder { builder in
            _ = builder.append(Self.record(50))
            let first = builder.finish(connection: 1)
            #expect(builder.isEmpty)
            _ = builder.append(Self.record(3))
            let second = builder.finish(connection: 1)
            #expect(first == second)
            return second
        }
        #expect(batchProblem(Array(frame[32...])) == nil)
    }

    // MARK: What a peer can get wrong

    private struct Damage: Sendable {
        var fault: WireError
        var change: @Sendable (inout BatchHeader, inout [OperationRecord]) -> Void
        init(
            _ fault: WireError,
            _ change: @escaping @Sendable (inout BatchHeader, inout [OperationRecord]) -> Void
        ) {
            self.fault = fault
            self.change = change
        }
    }

    private static let damages = [
        Damage(.badBatch(.recordCount)) { header, _ in header.recordCount = 8193 },
        Damage(.badBatch(.recordCount)) { header, _ in header.recordCount = .max },
        Damage(.badBatch(.payloadArea)) { header, _ in header.payloadLength = 9 },
        Damage(.badBatch(.payloadArea)) { header, _ in header.payloadLength = 0xFFFF_FFF8 },
        Damage(.badBatch(.byteCount)) { header, _ in header.payloadLength = 0 },
        Damage(.badBatch(.byteCount)) { header, _ in header.recordCount = 1 },
        Damage(.badValue(.reserved)) { header, _ in header.flags = 1 },
        Damage(.badValue(.reserved)) { header, _ in header.reserved = 1 },
        Damage(.badBatch(.sequence)) { header, _ in header.firstSequence = 46 },
        Damage(.badBatch(.sequence)) { header, _ in header.firstSequence = 42 },
        Damage(.badBatch(.sequence)) { header, _ in header.lastSequence = 41 },
        Damage(.badBatch(.sequence)) { _, records in records[1].sequence = 40 },
        Damage(.badBatch(.kind)) { _, records in records[0].kindNumber = 0 },
        Damage(.badBatch(.kind)) { _, records in records[0].kindNumber = 255 },
        Damage(.badBatch(.payload)) { _, records in records[0].payloadLength = 9 },
        Damage(.badBatch(.payload)) { _, records in records[0].payloadLength = .max },
        Damage(.badBatch(.payload)) { _, records in records[0].payloadPlace = 1 },
        Damage(.badBatch(.payload)) { _, records in records[0].payloadPlace = .max },
        Damage(.badBatch(.payload)) { _, records in records[1].payloadPlace = 2 },
        Damage(.badBatch(.extent)) { _, records in records[0].offset = -1 },
        Damage(.badBatch(.extent)) { _, records in records[0].offset = .max },
        Damage(.badBatch(.extent)) { _, records in records[1].length = .max },
    ]

    @Test func everyPartThatDoesNotFitIsNamed() {
        let frame = Samples.batchFrame()
        for (index, damage) in Self.damages.enumerated() {
            var header = frame.withUnsafeBytes {
                $0.loadUnaligned(fromByteOffset: 32, as: BatchHeader.self)
            }
            var records = frame.withUnsafeBytes { bytes in
                [72, 136].map {
                    bytes.loadUnaligned(fromByteOffset: $0, as: OperationRecord.self)
                }
            }
            damage.change(&header, &records)
            var body = withUnsafeBytes(of: header) { Array($0) }
            body += frame[64..<72]
            body += records.withUnsafeBytes { Array($0) }
            #expect(batchProblem(body) == damage.fault, "damage \(index)")
        }
    }

    @Test func aBatchCutAnywhereIsRefused() {
        let body = Array(Samples.batchFrame()[32...])
        #expect(batchProblem(body) == nil)
        for count in 0..<body.count {
            #expect(batchProblem(Array(body[..<count])) != nil, "\(count) bytes")
        }
    }
}

extension [UInt8] {
    init(randomBytes count: Int, using generator: inout SeededGenerator) {
        self = (0..<count).map { _ in UInt8.random(in: 0...255, using: &generator) }
    }
}
