internal import CommandModel
internal import ReplicationModel

/// The files of one captured folder that somebody has open around its capture, and what has to be
/// compared because of them. A value: it is told what a look found and says what is owed.
///
/// A file is compared when it is found, when it was changed (not more often than `pause`), and when
/// nobody holds it any more: the last state arrives. It is forgotten when that is settled.
struct AroundFiles: Hashable, Sendable {
    /// As they looked when they were compared last.
    private(set) var held: [FileID: OpenFileScan.HeldFile] = [:]
    /// Have to be marked; with their paths.
    private(set) var owed: [FileID: String] = [:]
    /// Marked, and the resync of it not settled yet.
    private(set) var marked: [FileID: String] = [:]
    /// By connection: mirrors begun when the marks were made. A later one has them.
    private(set) var mirrorsBefore: [UInt32: Int] = [:]
    /// Of the look that told last; looks may come to their ends in another order.
    private var lookNumber = 0
    /// Monotonic.
    private var markedAt = Int64.min / 2

    /// Between two comparisons of a file that is written to all the time.
    static let pause = 30 * Clock.second

    /// Nothing is open, and nothing is owed.
    var isEmpty: Bool { held.isEmpty && owed.isEmpty && marked.isEmpty }

    /// Something may change at any moment, or waits to be marked.
    var isUrgent: Bool { !held.isEmpty || !owed.isEmpty }

    init() {}

    mutating func saw(
        _ found: [OpenFileScan.Key: OpenFileScan.HeldFile], mount: UInt32, look number: Int,
        now: Int64
    ) {
        guard number > lookNumber else { return }
        lookNumber = number
        let before = held
        held = [:]
        for (key, file) in found {
            let identity = FileID(inode: key.inode, generation: key.generation, mount: mount)
            var file = file
            if let known = before[identity] {
                if known.look != file.look, now - markedAt >= Self.pause {
                    owed[identity] = file.path
                } else {
                    file.look = known.look
                }
            } else {
                owed[identity] = file.path
            }
            held[identity] = file
        }
        for (identity, file) in before where held[identity] == nil { owed[identity] = file.path }
    }

    /// What is owed, to be marked for these connections now.
    ///
    /// - Parameter mirrors: by connection, mirrors begun so far; none of them runs.
    mutating func take(mirrors: [UInt32: Int], now: Int64) -> [FileID] {
        guard !owed.isEmpty else { return [] }
        let taken = Array(owed.keys)
        marked.merge(owed) { $1 }
        owed = [:]
        mirrorsBefore = mirrors
        markedAt = now
        return taken
    }

    /// What was marked is on the targets' disks.
    mutating func settled() { marked = [:] }

    // MARK: What outlives the process

    /// nil: nothing to keep.
    var kept: String? {
        var record: CommandRecord = [:]
        let all = held.mapValues(\.path).merging(owed) { $1 }.merging(marked) { $1 }
        for (file, path) in all.sorted(by: { $0.key.inode < $1.key.inode }) {
            record["\(file.inode).\(file.generation)"] = .text(path)
        }
        return all.isEmpty ? nil : JSONWriter.text(of: .record(record))
    }

    /// All of it has to be compared: what happened since is not known. What is not understood is
    /// left out.
    init(kept text: String?, mount: UInt32) {
        guard let text, let record = (try? JSONReader.value(of: text))?.record else { return }
        for field in record.fields {
            let parts = field.name.split(separator: ".")
            guard parts.count == 2, let inode = UInt64(parts[0]),
                let generation = UInt32(parts[1])
            else { continue }
            let file = FileID(inode: inode, generation: generation, mount: mount)
            owed[file] = field.value.text ?? ""
        }
    }

    // MARK: What is shown

    /// One for each file, by path.
    var shown: [CaptureFacts.Around] {
        var all = owed.merging(marked) { $1 }.mapValues { path in
            CaptureFacts.Around(path: path, words: "closed, being compared")
        }
        for (identity, file) in held {
            let by = Set(file.holders.map(\.words)).sorted().joined(separator: ", ")
            let mapped = file.isMapped ? ", mapped" : ""
            all[identity] = CaptureFacts.Around(path: file.path, words: "by \(by)\(mapped)")
        }
        return all.values.sorted { ($0.path, $0.words) < ($1.path, $1.words) }
    }
}
