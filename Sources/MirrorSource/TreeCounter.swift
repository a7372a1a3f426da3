internal import CPosix
internal import FileSystemAccess
internal import Glibc
internal import MirrorCore
internal import ReplicationModel

/// Counts objects and bytes ahead of the mirror, a few directories at a time, so that progress has
/// a total. What changes meanwhile makes it a little wrong.
struct TreeCounter: ~Copyable {
    private var pending: [(root: Int, path: [UInt8])]
    /// Files are looked at one by one for their sizes; objects alone are counted by their folders.
    private let countsBytes: Bool
    private var reader = DirectoryReader()

    var isDone: Bool { pending.isEmpty }

    init(rootCount: Int, countsBytes: Bool) {
        self.countsBytes = countsBytes
        pending = (0..<rootCount).reversed().map { ($0, []) }
    }

    /// Counts until about `objectsMax` objects were seen.
    mutating func step<Filter: MirrorFilter>(
        _ roots: [MirrorRoot<Filter>], objectsMax: Int, _ progress: inout MirrorProgress
    ) {
        var left = objectsMax
        while left > 0, let next = pending.popLast() {
            left -= 1 + count(next.root, next.path, roots[next.root], &progress)
        }
        progress.isCounted = isDone
    }

    /// What cannot be read is not counted; the mirror will say so.
    private mutating func count<Filter: MirrorFilter>(
        _ number: Int, _ path: [UInt8], _ root: MirrorRoot<Filter>,
        _ progress: inout MirrorProgress
    ) -> Int {
        let place = BytePath(path.isEmpty ? Array(".".utf8) : path)
        guard
            let directory = try? place.withCString({ (text) throws(Errno) in
                try SystemCall.openBeneath(
                    root.descriptor, text, O_RDONLY | O_DIRECTORY | O_NOATIME)
            })
        else { return 0 }
        defer { SystemCall.close(directory) }
        var count = 0
        guard (try? reader.start(directory)) != nil else { return 0 }
        while let entry = try? reader.next() {
            guard let text = entry.cString else { continue }
            let isDirectory = entry.typeNumber == ObjectType.directory.rawValue
            var inner: [UInt8] = []
            if isDirectory || !root.filter.includesAll {
                inner = path
                if !inner.isEmpty { inner.append(0x2F) }
                inner.append(contentsOf: entry.name)
            }
            if !root.filter.includesAll {
                let isIncluded = inner.withUnsafeBytes {
                    root.filter.includes($0, isDirectory: isDirectory)
                }
                if !isIncluded { continue }
            }
            count += 1
            if isDirectory {
                pending.append((number, inner))
            } else if countsBytes, entry.typeNumber == ObjectType.regular.rawValue,
                let status = try? SystemCall.status(at: directory, text)
            {
                progress.bytesTotal += UInt64(max(status.st_size, 0))
            }
        }
        progress.objectsTotal += UInt64(count)
        return count
    }
}
