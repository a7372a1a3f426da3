import CPosix
import FileSystemAccess
import Glibc
import MirrorCore
import MirrorSource
import ReplicationModel
import TargetApply
import Testing
import WireProtocol

/// Figures for people, only when asked for: UNDERSTUDY_SPEED names a folder on the file system to
/// measure, made to be thrown away.
@Suite(.serialized, .enabled(if: getenv("UNDERSTUDY_SPEED") != nil))
struct SpeedTests {
    private var base: String { getenv("UNDERSTUDY_SPEED").map { String(cString: $0) } ?? "/tmp" }

    @Test func `Twenty thousand files of 4 KiB`() throws {
        let top = base + "/speed-\(getpid())"
        mkdir(top, 0o755)
        mkdir(top + "/source", 0o755)
        defer { TemporaryFolder.remove(top) }
        let content = OddTree.bytes(4096, 1)
        for number in 0..<20_000 {
            if number % 100 == 0 { mkdir(top + "/source/\(number / 100)", 0o755) }
            OddTree.write(top + "/source/\(number / 100)/file\(number)", content)
        }
        try measure("20,000 files", top)
    }

    @Test func `One file of 1 GiB`() throws {
        let top = base + "/speed-\(getpid())"
        mkdir(top, 0o755)
        mkdir(top + "/source", 0o755)
        defer { TemporaryFolder.remove(top) }
        let piece = OddTree.bytes(1 << 20, 1)
        let file = open(top + "/source/big", O_WRONLY | O_CREAT, 0o644)
        for _ in 0..<1024 { _ = Glibc.write(file, piece, piece.count) }
        close(file)
        try measure("1 GiB", top)
    }

    /// Walks everything into kept batches first, then applies them, and times both.
    private func measure(_ what: String, _ top: String) throws {
        for round in 0..<3 {
            let target = top + "/target\(round)"
            let source = try SystemCall.open(top + "/source", O_RDONLY | O_DIRECTORY)
            defer { SystemCall.close(source) }
            let applier = try MirrorRun.open(target, top + "/state\(round)")
            let settings = MirrorSettings(isFull: true, removesOrphans: false)
            var walker = MirrorWalker(
                roots: [
                    MirrorRoot(
                        mapping: 0, descriptor: source, file: try MirrorRun.rootFile(source),
                        filter: IncludeAll())
                ], settings: settings)
            let memory = UnsafeMutableRawBufferPointer.allocate(
                byteCount: BatchBuilder.memoryBytesMax, alignment: 4096)
            defer { memory.deallocate() }
            var batch = BatchBuilder(memory: memory)
            _ = batch.append(MirrorRecords.begin(settings, position: 0))
            var (walking, applying) = (Int64(0), Int64(0))
            var step = MirrorStep.progressed
            while step != .finished {
                let start = cpuTime()
                repeat { step = walker.step(into: &batch, position: 0) } while step == .progressed
                let count = batch.finish(connection: 1)
                let middle = cpuTime()
                let view = try BatchView(
                    UnsafeRawBufferPointer(rebasing: memory[FrameHeader.byteCount..<count]))
                for record in view.records { try applier.apply(record, view.payload(of: record)) }
                _ = try applier.finishBatch(lastSequence: 0)
                walking += middle - start
                applying += cpuTime() - middle
            }
            let start = cposix_monotonic()
            var last = OperationRecord(.mirrorEnd, .none)
            last.sequence = 0
            try applier.apply(last, UnsafeRawBufferPointer(start: nil, count: 0))
            let syncing = cposix_monotonic() - start
            print(
                "\(what): walk \(walking / 1_000_000) ms CPU, apply \(applying / 1_000_000) ms CPU,",
                "end \(syncing / 1_000_000) ms;", applier.counters.mirrorObjects, "objects,",
                applier.counters.mirrorBytes, "bytes")
            TemporaryFolder.remove(target)
        }
    }

    private func cpuTime() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
        return cposix_nanoseconds(time)
    }
}
