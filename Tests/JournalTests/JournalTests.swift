import Journal
import ReplicationModel
import Testing

@Suite("Journal")
struct JournalTests {
    func write(_ writer: JournalWriter, _ text: String, at offset: Int64 = 0) -> UInt64 {
        var record = OperationRecord(.write, FileID(inode: 5, generation: 1, mount: 1))
        record.offset = offset
        return Array(text.utf8).withUnsafeBytes { writer.append(record, $0) }
    }

    func texts(_ follower: JournalFollower, limit: Int = .max) -> [String] {
        var all: [String] = []
        _ = follower.read(limit: limit) { record, payload in
            #expect(Checksum.of(payload) == record.checksum)
            all.append(String(decoding: payload, as: UTF8.self))
            return true
        }
        return all
    }

    @Test("a record is 64 bytes with its fields at their places")
    func layout() {
        #expect(MemoryLayout<OperationRecord>.size == 64)
        #expect(MemoryLayout<OperationRecord>.stride == 64)
        #expect(MemoryLayout<OperationRecord>.offset(of: \.generation) == 40)
        #expect(MemoryLayout<OperationRecord>.offset(of: \.mount) == 56)
        #expect(MemoryLayout<OperationRecord>.offset(of: \.epoch) == 62)
        #expect(MemoryLayout<NameChange>.size == NameChange.fixedByteCount)
        #expect(MemoryLayout<ObjectAttributes>.size == ObjectAttributes.byteCount)
        #expect(MemoryLayout<AttributeChange>.size == AttributeChange.fixedByteCount)
        #expect(1.littleEndian == 1)
    }

    @Test("nothing is kept while nobody follows")
    func unfollowed() throws {
        let memory = try JournalMemory.make(bytes: 1 << 20)
        #expect(write(JournalWriter(memory: memory), "lost") == 0)
        #expect(memory.newest == 0)
    }

    @Test("records come back in order with their payload, in several readings")
    func order() throws {
        let memory = try JournalMemory.make(bytes: 1 << 20)
        let writer = JournalWriter(memory: memory)
        let follower = try JournalFollower.start(memory, connection: 1)
        for number in 1...5 { #expect(write(writer, "n\(number)") == UInt64(number)) }
        #expect(texts(follower, limit: 2) == ["n1", "n2"])
        #expect(texts(follower) == ["n3", "n4", "n5"])
        follower.rewind(to: 3)
        #expect(texts(follower) == ["n4", "n5"])
        follower.release(through: 4)
        follower.rewind(to: 0)
        #expect(texts(follower) == ["n5"])
    }

    @Test("payload in three pieces is one payload")
    func pieces() throws {
        let memory = try JournalMemory.make(bytes: 1 << 20)
        let writer = JournalWriter(memory: memory)
        let follower = try JournalFollower.start(memory, connection: 1)
        let bytes = Array("abcdef".utf8)
        bytes.withUnsafeBytes { all in
            _ = writer.append(
                OperationRecord(), UnsafeRawBufferPointer(rebasing: all[0..<1]),
                UnsafeRawBufferPointer(rebasing: all[1..<4]),
                UnsafeRawBufferPointer(rebasing: all[4..<6]))
        }
        #expect(texts(follower) == ["abcdef"])
    }

    @Test("the ring wraps many times and gives back what was put in")
    func wraps() throws {
        let memory = try JournalMemory.make(bytes: 1 << 20)
        let writer = JournalWriter(memory: memory)
        let follower = try JournalFollower.start(memory, connection: 1)
        let seed = UInt64.random(in: 0...UInt64.max)
        var random = SplitMix(state: seed)
        var written = 0
        var read = 0
        while written < 20_000 {
            for _ in 0..<Int(random.next() % 8) {
                let length = Int(random.next() % 5000)
                _ = write(writer, String(repeating: "x", count: length) + "\(written)")
                written += 1
            }
            for text in texts(follower) {
                #expect(text.hasSuffix("\(read)"), "seed \(seed)")
                read += 1
            }
            follower.release(through: follower.position)
        }
        #expect(read == written, "seed \(seed)")
        #expect(!follower.isPutOut)
    }

    @Test("a full memory puts out the follower that is furthest behind, and only that one")
    func putOut() throws {
        let memory = try JournalMemory.make(bytes: 1 << 20)
        let writer = JournalWriter(memory: memory)
        let slow = try JournalFollower.start(memory, connection: 1)
        let quick = try JournalFollower.start(memory, connection: 2)
        let text = String(repeating: "y", count: 4096)
        for _ in 0..<1000 {
            _ = write(writer, text)
            #expect(texts(quick) == [text])
            quick.release(through: quick.position)
        }
        #expect(slow.isPutOut)
        #expect(!quick.isPutOut)
        #expect(memory.putOutCount == 1)
        slow.stop()
        let again = try JournalFollower.start(memory, connection: 1)
        #expect(!again.isPutOut)
        _ = write(writer, "after")
        #expect(texts(again) == ["after"])
    }

    @Test("a place outlives its reader and is found again by its connection's number")
    func resume() throws {
        let memory = try JournalMemory.make(bytes: 1 << 20)
        let writer = JournalWriter(memory: memory)
        do {
            let first = try JournalFollower.start(memory, connection: 9)
            _ = write(writer, "one")
            _ = write(writer, "two")
            _ = texts(first)
            first.release(through: 1)
        }
        let again = try #require(JournalFollower.resume(memory, connection: 9))
        #expect(texts(again) == ["two"])
        #expect(JournalFollower.resume(memory, connection: 8) == nil)
        again.stop()
        #expect(JournalFollower.resume(memory, connection: 9) == nil)
        #expect(memory.followerCount == 0)
    }

    @Test("something else is not taken for a journal")
    func notAJournal() throws {
        #expect(throws: JournalError.self) { try JournalMemory(descriptor: -1) }
    }
}

struct SplitMix: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
