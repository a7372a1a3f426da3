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
    func writeAtRandom(seconds: Int) throws(BenchError) -> Timing {
        let blocks = try size() / Self.blockBytes
        guard blocks > 0 else { throw .usage("'\(path)' is shorter than one block") }
        let block = [UInt8](repeating: 0x72, count: Self.blockBytes)
        var state: UInt64 = 0x9E37_79B9_7F4A_7C15
        return try forTime(seconds: seconds) { _ throws(BenchError) in
            state ^= state << 13
            state ^= state >> 7
            state ^= state << 17
            try write(block, at: Int(state % UInt64(blocks)) * Self.blockBytes)
        }
    }

    func writeOnwards(mebibytes: Int) throws(BenchError) -> Timing {
        let block = [UInt8](repeating: 0x73, count: 1 << 20)
        let begun = Clock.nanoseconds
        for index in 0..<mebibytes { try write(block, at: index << 20) }
        return Timing(operations: mebibytes, nanoseconds: Clock.nanoseconds - begun)
    }

    func pour(seconds: Int) throws(BenchError) -> Timing {
        let block = [UInt8](repeating: 0x70, count: 1 << 16)
        let blocks = try size() / block.count
        guard blocks > 0 else { throw .usage("'\(path)' is shorter than 64 KiB") }
        return try forTime(seconds: seconds) { index throws(BenchError) in
            try write(block, at: index % blocks * block.count)
        }
    }

    private func forTime(
        seconds: Int, _ body: (Int) throws(BenchError) -> Void
    ) throws(BenchError) -> Timing {
        let begun = Clock.nanoseconds
        let deadline = begun + UInt64(seconds) * 1_000_000_000
        var operations = 0
        var now = begun
        while now < deadline {
            // The clock is read now and then only: it must not be what is measured.
            for _ in 0..<16 {
                try body(operations)
                operations += 1
            }
            now = Clock.nanoseconds
        }
        return Timing(operations: operations, nanoseconds: now - begun)
    }

    private func size() throws(BenchError) -> Int {
        let end = lseek(descriptor, 0, SEEK_END)
        guard end >= 0 else { throw .failed("lseek", path) }
        return Int(end)
    }
}
