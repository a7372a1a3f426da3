import Glibc

/// A file that is read and written in blocks.
struct OpenFile: ~Copyable {
    static let blockBytes = 4096

    let path: String
    private let descriptor: Int32

    init(_ path: String, create: Bool) throws(BenchError) {
        let file = open(path, create ? O_CREAT | O_EXCL | O_RDWR : O_RDWR, 0o644)
        guard file >= 0 else { throw .failed("open", path) }
        self.path = path
        descriptor = file
    }

    deinit { close(descriptor) }

    func write(_ bytes: [UInt8], at offset: Int) throws(BenchError) {
        guard pwrite(descriptor, bytes, bytes.count, offset) == bytes.count else {
            throw .failed("pwrite", path)
        }
    }

    /// Fills `bytes` as far as the file goes; the number of bytes read.
    func read(_ bytes: inout [UInt8], at offset: Int) throws(BenchError) -> Int {
        let count = pread(descriptor, &bytes, bytes.count, offset)
        guard count >= 0 else { throw .failed("pread", path) }
        return count
    }

    /// Blocks at places from a fixed seed, so that every run goes to the same places.
    func writeAtRandom(count: Int) throws(BenchError) -> Timing {
        let blocks = try size() / Self.blockBytes
        guard blocks > 0 else { throw .usage("'\(path)' is shorter than one block") }
        let block = [UInt8](repeating: 0x72, count: Self.blockBytes)
        var state: UInt64 = 0x9E37_79B9_7F4A_7C15
        let begun = Clock.nanoseconds
        for _ in 0..<count {
            state ^= state << 13
            state ^= state >> 7
            state ^= state << 17
            try write(block, at: Int(state % UInt64(blocks)) * Self.blockBytes)
        }
        return Timing(operations: count, nanoseconds: Clock.nanoseconds - begun)
    }

    func writeOnwards(bytes: Int, blockBytes: Int) throws(BenchError) -> Timing {
        let block = [UInt8](repeating: 0x73, count: blockBytes)
        let count = bytes / blockBytes
        let begun = Clock.nanoseconds
        for index in 0..<count { try write(block, at: index * blockBytes) }
        return Timing(operations: count, nanoseconds: Clock.nanoseconds - begun)
    }

    /// Round and round the file until the time is over.
    func pour(seconds: Int) throws(BenchError) -> Timing {
        let block = [UInt8](repeating: 0x70, count: 1 << 16)
        let blocks = try size() / block.count
        guard blocks > 0 else { throw .usage("'\(path)' is shorter than 64 KiB") }
        let begun = Clock.nanoseconds
        let deadline = begun + UInt64(seconds) * 1_000_000_000
        var operations = 0
        while Clock.nanoseconds < deadline {
            try write(block, at: operations % blocks * block.count)
            operations += 1
        }
        return Timing(operations: operations, nanoseconds: Clock.nanoseconds - begun)
    }

    private func size() throws(BenchError) -> Int {
        let end = lseek(descriptor, 0, SEEK_END)
        guard end >= 0 else { throw .failed("lseek", path) }
        return Int(end)
    }
}
