internal import CPosix
internal import FileSystemAccess
internal import Glibc
internal import Synchronization

/// The segments of one journal in one folder: which records lie where. One thread writes, any
/// thread reads.
final class SegmentStore: Sendable {
    let journalID: UInt64
    let folder: OwnedDescriptor
    private let state = Mutex(State())

    private struct Segment {
        var first: UInt64
        var name: String
        var bytes: Int64
        var chunks: [ChunkPlace]

        var last: UInt64 { chunks.last?.last ?? first - 1 }
    }

    private struct State {
        var segments: [Segment] = []
        /// The newest segment, while it is written to.
        var writing: OwnedDescriptor?
        var bytes: Int64 = 0
    }

    /// Opens the folder and takes up what segments of this journal lie in it, as far as the
    /// journal says that they are written (`through`) and needed (after `released`). Files of other
    /// journals, and what came after a kill in the middle of a write, are removed.
    init(
        folder path: BytePath, journalID: UInt64, released: UInt64, through: UInt64
    ) throws(Errno) {
        self.journalID = journalID
        folder = OwnedDescriptor(try DirectoryTree.open(path, creating: 0o700))
        for first in try names() {
            let name = SegmentName.text(first)
            var segment =
                (try? scan(name, first: first, through: through))
                ?? Segment(first: first, name: name, bytes: 0, chunks: [])
            if segment.chunks.isEmpty || segment.last <= released {
                _ = cposix_unlinkat(folder.descriptor, name, 0)
                continue
            }
            segment.first = first
            state.withLock { state in
                state.bytes += segment.bytes
                state.segments.append(segment)
            }
        }
    }

    private func names() throws(Errno) -> [UInt64] {
        let descriptor = try SystemCall.open(at: folder.descriptor, ".", O_RDONLY | O_DIRECTORY)
        defer { SystemCall.close(descriptor) }
        var reader = DirectoryReader()
        try reader.start(descriptor)
        var found: [UInt64] = []
        while let entry = try reader.next() {
            if let first = SegmentName.first(String(decoding: entry.name, as: UTF8.self)) {
                found.append(first)
            }
        }
        return found.sorted()
    }

    /// Reads the heads of a segment's chunks, one after the other, up to the first that is none.
    private func scan(_ name: String, first: UInt64, through: UInt64) throws(Errno) -> Segment {
        let descriptor = try SystemCall.open(at: folder.descriptor, name, O_RDWR | O_NOFOLLOW)
        defer { SystemCall.close(descriptor) }
        let size = Int64(try SystemCall.status(of: descriptor).st_size)
        var segment = Segment(first: first, name: name, bytes: 0, chunks: [])
        var expected = first
        while true {
            var head = ChunkHead()
            let count = try withUnsafeMutableBytes(of: &head) { (room) throws(Errno) in
                try SystemCall.readAll(descriptor, room, at: segment.bytes)
            }
            guard count == ChunkHead.byteCount, head.isValid(journalID), head.first == expected,
                head.last <= through, segment.bytes + Int64(head.totalBytes) <= size
            else { break }
            segment.chunks.append(
                ChunkPlace(
                    first: head.first, count: head.count, payloadBytes: head.payloadBytes,
                    offset: segment.bytes))
            segment.bytes += Int64(head.totalBytes)
            expected = head.last + 1
        }
        if segment.bytes < size { _ = cposix_ftruncate(descriptor, off_t(segment.bytes)) }
        return segment
    }

    // MARK: Figures

    var bytes: Int64 { state.withLock { $0.bytes } }
    var count: Int { state.withLock { $0.segments.count } }

    /// Bytes that the folder's file system has left for us, and all of it.
    func freeBytes() throws(Errno) -> Int64 {
        var result = statvfs()
        _ = try SystemCall.check { cposix_fstatvfs(folder.descriptor, &result) }
        return Int64(clamping: UInt64(result.f_bavail) * UInt64(result.f_frsize))
    }

    // MARK: Writing

    /// Appends a chunk that follows the one written last, or begins a new segment.
    func append(_ chunk: borrowing ChunkBuffer, segmentBytes: Int) throws(Errno) {
        let head = chunk.head
        let current: (OwnedDescriptor, Int64)? = state.withLock { state in
            guard let writing = state.writing, let last = state.segments.last,
                last.last + 1 == head.first,
                last.bytes + Int64(head.totalBytes) <= Int64(segmentBytes)
            else { return nil }
            return (writing, last.bytes)
        }
        let name = SegmentName.text(head.first)
        let file: OwnedDescriptor
        if let current {
            file = current.0
        } else {
            file = OwnedDescriptor(
                try SystemCall.open(
                    at: folder.descriptor, name, O_RDWR | O_CREAT | O_TRUNC | O_NOFOLLOW,
                    mode: 0o600))
        }
        let offset = current?.1 ?? 0
        do throws(Errno) {
            try SystemCall.writeAll(file.descriptor, chunk.whole, at: offset)
        } catch {
            if current == nil { _ = cposix_unlinkat(folder.descriptor, name, 0) }
            throw error
        }
        let place = ChunkPlace(
            first: head.first, count: head.count, payloadBytes: head.payloadBytes, offset: offset)
        state.withLock { state in
            state.writing = file
            if current == nil {
                state.segments.append(
                    Segment(first: head.first, name: name, bytes: 0, chunks: []))
            }
            let newest = state.segments.count - 1
            state.segments[newest].chunks.append(place)
            state.segments[newest].bytes += Int64(head.totalBytes)
            state.bytes += Int64(head.totalBytes)
        }
    }

    /// Removes segments that hold nothing after `sequence`; answers how many.
    func remove(through sequence: UInt64) -> Int {
        let names: [String] = state.withLock { state in
            var names: [String] = []
            while let segment = state.segments.first, segment.last <= sequence {
                names.append(segment.name)
                state.bytes -= segment.bytes
                state.segments.removeFirst()
                if state.segments.isEmpty { state.writing = nil }
            }
            return names
        }
        for name in names { _ = cposix_unlinkat(folder.descriptor, name, 0) }
        return names.count
    }

    /// Makes all segments durable.
    func sync() throws(Errno) {
        for name in state.withLock({ $0.segments.map(\.name) }) {
            let file = try SystemCall.open(at: folder.descriptor, name, O_RDWR | O_NOFOLLOW)
            defer { SystemCall.close(file) }
            _ = try SystemCall.check { cposix_fdatasync(file) }
        }
        _ = try SystemCall.check { cposix_fsync(folder.descriptor) }
    }

    // MARK: Reading

    /// The chunk that holds a record, and the name of its file; nil when none does.
    func find(_ sequence: UInt64) -> (place: ChunkPlace, name: String)? {
        state.withLock { state in
            guard let segment = Self.search(state.segments, sequence, \.first),
                let chunk = Self.search(segment.chunks, sequence, \.first),
                sequence <= chunk.last
            else { return nil }
            return (chunk, segment.name)
        }
    }

    func open(_ name: String) throws(Errno) -> OwnedDescriptor {
        OwnedDescriptor(
            try SystemCall.open(at: folder.descriptor, name, O_RDONLY | O_NOFOLLOW))
    }

    /// The first record after `sequence` that lies in a chunk: where reading goes on behind a gap.
    func next(after sequence: UInt64) -> UInt64? {
        state.withLock { state in
            for segment in state.segments where segment.last > sequence {
                for chunk in segment.chunks where chunk.last > sequence {
                    return max(chunk.first, sequence + 1)
                }
            }
            return nil
        }
    }

    /// The last of ascending elements whose key is not after `sequence`.
    private static func search<Element>(
        _ elements: [Element], _ sequence: UInt64, _ key: (Element) -> UInt64
    ) -> Element? {
        var range = 0..<elements.count
        while !range.isEmpty {
            let middle = (range.lowerBound + range.upperBound) / 2
            range =
                key(elements[middle]) <= sequence
                ? middle + 1..<range.upperBound : range.lowerBound..<middle
        }
        return range.lowerBound > 0 ? elements[range.lowerBound - 1] : nil
    }
}
