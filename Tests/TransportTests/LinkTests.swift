import Identity
import NIOCore
import ReplicationModel
import Synchronization
import Testing
import WireProtocol

@testable import Transport

@Suite(.timeLimit(.minutes(1))) struct LinkTests {
    @Test func framesOfAllSizesArriveWholeAndInOrderBothWays() async throws {
        let pair = try await Pair()
        let sizes = [0, 1, 4096, Limits.batchBytesMax, 0, 300_000, 17]
        for (index, size) in sizes.enumerated() {
            pair.near.send(makeFrame(connection: UInt32(index), byteCount: size))
            pair.far.send(makeFrame(connection: UInt32(index), byteCount: size / 2))
        }
        let there = await pair.farEvents.frames(sizes.count)
        let back = await pair.nearEvents.frames(sizes.count)
        #expect(there.map(\.header.connection) == (0..<7).map { UInt32($0) })
        #expect(there.map(\.body.readableBytes) == sizes)
        #expect(back.map(\.body.readableBytes) == sizes.map { $0 / 2 })
        await pair.end()
    }

    @Test func halfFramesAndManyAtOnceMakeTheSameFrames() async throws {
        let pair = try await Pair()
        var many = ByteBuffer()
        for _ in 0..<1000 { many.writeImmutableBuffer(makeFrame(byteCount: 10)) }
        var rest = many
        while let piece = rest.readSlice(length: min(rest.readableBytes, 4001)),
            piece.readableBytes > 0
        {
            pair.near.send(piece)
        }
        #expect(await pair.farEvents.frames(1000).count == 1000)
        await pair.end()
    }

    @Test func bothSidesKnowWithWhomTheySpeak() async throws {
        let pair = try await Pair()
        #expect(pair.near.peerFingerprint == pair.host.identity.fingerprint)
        #expect(pair.host.pins.contains(pair.far.peerFingerprint))
        #expect(pair.near.peerAddress.contains(Host.address))
        await pair.end()
    }

    @Test func messagesTravel() async throws {
        let pair = try await Pair()
        try pair.near.send(Heartbeat(time: 5), connection: 0)
        let frame = try #require(await pair.farEvents.frames(1).first)
        #expect(frame.header.kind == .heartbeat)
        let message = try frame.body.withUnsafeReadableBytes { try Heartbeat(body: $0) }
        #expect(message == Heartbeat(time: 5))
        await pair.end()
    }

    @Test func whatIsNoFrameEndsTheLinkAndSaysWhy() async throws {
        let pair = try await Pair()
        pair.near.send(ByteBuffer(string: String(repeating: "not a frame ", count: 10)))
        #expect(await pair.farEvents.reasonOfEnd() == .wire(.notAFrame))
        #expect(await pair.nearEvents.reasonOfEnd() == .closedByPeer)
        await pair.end()
    }

    @Test func aDamagedFrameEndsTheLinkAfterTheWholeOnesBeforeIt() async throws {
        let pair = try await Pair()
        var damaged = makeFrame(byteCount: 100)
        damaged.setInteger(UInt8(1), at: 131)
        pair.near.send(makeFrame(byteCount: 7))
        pair.near.send(damaged)
        pair.near.send(makeFrame(byteCount: 8))
        var seen: [Recorder.Event] = []
        for await event in pair.farEvents.events {
            seen.append(event)
            if case .closed = event { break }
        }
        #expect(seen.count == 2)
        #expect(seen.last == .closed(.wire(.bodyDamaged)))
        await pair.end()
    }

    @Test func whatWasSentBeforeAnEndInGoodOrderArrives() async throws {
        let pair = try await Pair()
        for _ in 0..<8 { pair.near.send(makeFrame(byteCount: 1 << 20)) }
        pair.near.close()
        #expect(!pair.near.send(makeFrame(byteCount: 1)))
        #expect(await pair.farEvents.frames(8).count == 8)
        #expect(await pair.farEvents.reasonOfEnd() == .closedByPeer)
        #expect(await pair.nearEvents.reasonOfEnd() == .closedHere)
        #expect(!pair.far.send(makeFrame(byteCount: 1)))
        await pair.end()
    }

    @Test func theEndIsToldOnceHoweverOftenItIsAskedFor() async throws {
        let pair = try await Pair()
        for _ in 0..<3 {
            pair.near.close()
            pair.far.close()
        }
        #expect(await pair.nearEvents.reasonOfEnd() != nil)
        #expect(await pair.farEvents.reasonOfEnd() != nil)
        await pair.end()
        #expect(pair.nearEvents.closedCount.load(ordering: .relaxed) == 1)
        #expect(pair.farEvents.closedCount.load(ordering: .relaxed) == 1)
    }

    @Test func aPeerThatDoesNotReadHoldsTheSenderBack() async throws {
        let pair = try await Pair()
        pair.far.setReading(false)
        let frame = makeFrame(byteCount: 1 << 20)
        for _ in 0..<32 { pair.near.send(frame) }
        #expect(pair.near.pendingBytes > Link.highWaterBytes)
        pair.far.setReading(true)
        #expect(await pair.nearEvents.waitUntilDrained())
        #expect(pair.near.pendingBytes <= Link.lowWaterBytes)
        #expect(await pair.farEvents.frames(32).count == 32)
        await pair.end()
    }

    @Test func moreThanALinkKeepsEndsIt() async throws {
        let pair = try await Pair()
        pair.far.setReading(false)
        let frame = makeFrame(byteCount: 1 << 20)
        var sent = 0
        while pair.near.send(frame), sent < 200 { sent += 1 }
        #expect(sent < 200)
        #expect(await pair.nearEvents.reasonOfEnd() == .overrun)
        await pair.end()
    }

    @Test func manyThreadsSendWithoutMixingTheirFrames() async throws {
        let pair = try await Pair()
        await withTaskGroup(of: Void.self) { group in
            for sender in 0..<8 {
                group.addTask {
                    for index in 0..<50 {
                        pair.near.send(
                            makeFrame(connection: UInt32(sender), byteCount: index * 100))
                    }
                }
            }
        }
        let frames = await pair.farEvents.frames(400)
        for sender in 0..<8 {
            let sizes = frames.filter { $0.header.connection == UInt32(sender) }
                .map(\.body.readableBytes)
            #expect(sizes == (0..<50).map { $0 * 100 })
        }
        await pair.end()
    }

    @Test func batchesBuiltInARingArriveAsTheyWereBuilt() async throws {
        let pair = try await Pair()
        var ring = FrameRing(byteCount: 1 << 16, count: 2)
        for sequence in 1...20 as ClosedRange<UInt64> {
            pair.near.send(
                ring.frame(connection: 5) { builder in
                    var record = OperationRecord(.write, .none)
                    record.sequence = sequence
                    let payload = [UInt8](repeating: UInt8(sequence), count: 5000)
                    while payload.withUnsafeBytes({ builder.append(record, payload: $0) }) {}
                    return 0
                })
        }
        for (index, frame) in await pair.farEvents.frames(20).enumerated() {
            try frame.body.withUnsafeReadableBytes { body in
                let view = try BatchView(body)
                #expect(view.count == 12)
                for record in view.records {
                    #expect(record.sequence == UInt64(index + 1))
                    #expect(view.payload(of: record).allSatisfy { $0 == UInt8(index + 1) })
                }
            }
        }
        ring.release()
        await pair.end()
    }
}
