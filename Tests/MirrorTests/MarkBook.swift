import FileSystemAccess
import MirrorCore
import ReplicationModel

/// What a dirty index is told, in a plain dictionary: which parts of which objects records that
/// were dropped have changed.
final class MarkBook: @unchecked Sendable {
    private(set) var suspects: [FileID: Suspect] = [:]

    func removeAll() { suspects = [:] }

    /// Marks everything that a record changes.
    func mark(_ change: Change) {
        let record = change.record
        guard let kind = record.kind else { return }
        let names = change.payload.withUnsafeBytes { NameChangeView($0)?.change }
        switch kind {
        case .write, .allocate:
            let first = UInt64(record.offset / Blocks.byteCount)
            let last = UInt64((record.offset + Int64(record.length) - 1) / Blocks.byteCount)
            add(record.file, Suspect(attributes: true, content: .blocks([first..<last + 1])))
        case .truncate: add(record.file, Suspect(attributes: true, content: .all))
        case .create:
            add(record.file, .everything)
            entries(names?.parent)
        case .link, .unlink, .removeDirectory, .leave:
            add(record.file, Suspect(attributes: true))
            entries(names?.parent)
        case .rename:
            add(record.file, Suspect(attributes: true))
            entries(names?.parent)
            entries(names?.otherParent)
            if let replaced = names?.replaced, replaced != .none {
                add(replaced, Suspect(attributes: true))
            }
        case .attributes, .setExtended, .removeExtended:
            add(record.file, Suspect(attributes: true))
        default: break
        }
    }

    private func entries(_ directory: FileID?) {
        if let directory { add(directory, Suspect(attributes: true, entries: true)) }
    }

    private func add(_ file: FileID, _ suspect: Suspect) {
        suspects[file, default: .nothing].formUnion(suspect)
    }

    var suspicion: Marks {
        let suspects = suspects
        return Marks { suspects[$0] ?? .nothing }
    }

    /// Bytes of distinct blocks, whole files by their size now.
    func dirtyBytes(sizes: [FileID: Int64]) -> Int64 {
        var bytes: Int64 = 0
        for (file, suspect) in suspects {
            guard let size = sizes[file] else { continue }
            switch suspect.content {
            case .none: break
            case .all: bytes += size
            case .blocks(let ranges):
                for range in ranges {
                    let start = Int64(range.lowerBound) * Blocks.byteCount
                    let end = min(Int64(range.upperBound) * Blocks.byteCount, size)
                    bytes += max(0, end - start)
                }
            }
        }
        return bytes
    }
}
