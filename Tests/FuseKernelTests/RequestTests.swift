import CLinuxFuse
import FuseKernel
import Testing

@Suite struct RequestTests {
    @Test(arguments: Opcode.allCases)
    func `every operation is understood`(_ opcode: Opcode) throws {
        let request = try RequestBytes.decode(RequestBytes.sample(opcode))
        #expect(request.header.unique == 99)
        #expect(request.header.user == 1000)
        #expect(request.header.group == 1001)
        #expect(request.header.process == 4321)
        #expect(request.header.opcodeNumber == opcode.rawValue)
    }

    @Test func `names, numbers and bytes come out as they went in`() throws {
        if case .rename(let name, let parent, let newName, let flags) =
            try RequestBytes.decode(RequestBytes.sample(.rename2)).operation
        {
            #expect(Array(name.bytes) == Array("a".utf8))
            #expect(Array(newName.bytes) == Array("b".utf8))
            #expect(parent == 5)
            #expect(flags == 2)
            #expect(name.text[1] == 0)
        } else {
            Issue.record("no rename")
        }
        if case .write(let fixed, let bytes) =
            try RequestBytes.decode(RequestBytes.sample(.write)).operation
        {
            #expect(fixed.offset == 10)
            #expect(Array(bytes) == [1, 2, 3, 4])
        } else {
            Issue.record("no write")
        }
        if case .setExtended(let name, let value, let flags, let clears) =
            try RequestBytes.decode(RequestBytes.sample(.setExtended)).operation
        {
            #expect(name.equals("user.x"))
            #expect(Array(value) == [7, 8])
            #expect(flags == 1)
            #expect(clears)
        } else {
            Issue.record("no attribute")
        }
    }

    @Test func `what the kernel sends again says so`() throws {
        var bytes = RequestBytes.sample(.lookup)
        #expect(try !RequestBytes.decode(bytes).header.isResent)
        bytes[15] |= 0x80
        #expect(try RequestBytes.decode(bytes).header.isResent)
        #expect(try RequestBytes.decode(RequestBytes.sample(.forget)).isForgetting)
        #expect(try RequestBytes.decode(RequestBytes.sample(.batchForget)).isForgetting)
        #expect(try !RequestBytes.decode(RequestBytes.sample(.write)).isForgetting)
    }

    @Test func `an unknown number is named in the error`() {
        #expect(problem(RequestBytes.make(4000)) == .unknownOpcode(4000))
    }

    @Test(arguments: ["", "a/b", ".", ".."])
    func `what cannot name an entry is refused`(name: String) {
        let bytes = RequestBytes.make(.unlink, RequestBytes.text(name))
        #expect(problem(bytes) == .badName(opcode: Opcode.unlink.rawValue))
    }

    @Test func `a name without an end is refused`() {
        let bytes = RequestBytes.make(.lookup, Array("name".utf8))
        #expect(problem(bytes) == .badName(opcode: Opcode.lookup.rawValue))
    }

    @Test func `a write that says more than it brings is refused`() {
        let fixed = RequestBytes.bytes(RequestBytes.write(5))
        let bytes = RequestBytes.make(.write, fixed + [1, 2, 3, 4])
        #expect(problem(bytes) == .shortBody(opcode: Opcode.write.rawValue, byteCount: 4))
        let forgets = RequestBytes.make(
            .batchForget, RequestBytes.bytes(fuse_batch_forget_in(count: .max, dummy: 0)))
        #expect(problem(forgets) == .shortBody(opcode: Opcode.batchForget.rawValue, byteCount: 0))
    }

    @Test(arguments: Opcode.allCases)
    func `a request that was cut off is refused`(_ opcode: Opcode) {
        let whole = RequestBytes.sample(opcode)
        for count in 0..<whole.count {
            let part = Array(whole[..<count])
            #expect(problem(part) == .truncated(byteCount: count))
        }
    }

    @Test func `cut and flipped requests never lead outside their bytes`() {
        let seed = UInt64.random(in: 0...UInt64.max)
        print("seed \(seed)")
        var random = SplitMix(state: seed)
        for _ in 0..<20_000 {
            let opcode = Opcode.allCases[Int(random.next() % UInt64(Opcode.allCases.count))]
            var bytes = RequestBytes.sample(opcode)
            for _ in 0..<(random.next() % 4) {
                let place = Int(random.next() % UInt64(bytes.count - 4)) + 4
                bytes[place] ^= UInt8(truncatingIfNeeded: random.next())
            }
            let cut = 40 + Int(random.next() % UInt64(bytes.count - 39))
            bytes = Array(bytes[..<cut])
            bytes.replaceSubrange(0..<4, with: RequestBytes.bytes(UInt32(cut)))
            touch(bytes)
        }
    }

    /// Reads everything that the views show; an address sanitizer or a fault would tell.
    private func touch(_ bytes: [UInt8]) {
        bytes.withUnsafeBytes { buffer in
            guard let request = try? Request.decode(buffer) else { return }
            let parts: [UnsafeRawBufferPointer] =
                switch request.operation {
                case .lookup(let name), .unlink(let name), .removeDirectory(let name),
                    .makeNode(_, let name), .makeDirectory(_, let name), .link(_, let name),
                    .getExtended(let name, _), .removeExtended(let name):
                    [name.bytes]
                case .symbolicLink(let name, let target): [name.bytes, target.bytes]
                case .rename(let name, _, let newName, _): [name.bytes, newName.bytes]
                case .setExtended(let name, let value, _, _): [name.bytes, value]
                case .write(_, let part), .control(_, let part), .batchForget(_, let part): [part]
                default: []
                }
            guard let start = buffer.baseAddress else { return }
            for part in parts where !part.isEmpty {
                guard let place = part.baseAddress else { continue }
                #expect(place >= start)
                #expect(place + part.count <= start + buffer.count)
            }
        }
    }

    private func problem(_ bytes: [UInt8]) -> FuseError? {
        do throws(FuseError) {
            _ = try RequestBytes.decode(bytes)
            return nil
        } catch {
            return error
        }
    }
}

/// Numbers from a seed.
struct SplitMix {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }
}
