internal import ReplicationModel

/// What programs once did to an empty tree, change by change.
struct ReplayHistory {
    struct Change {
        let record: OperationRecord
        let payload: [UInt8]

        var words: String { payload.withUnsafeBytes { record.words($0) } }
    }

    private(set) var changes: [Change] = []
    /// The source's tree after each change; first the empty one.
    private(set) var trees: [DiskImage]

    /// - Parameters:
    ///   - operations: how often a program does something; some of it fails and changes nothing.
    ///   - namesCount: few, so that each stands for many objects one after the other.
    init(
        _ numbers: inout SeededNumbers, operations: Int, namesCount: Int, objectsMax: Int,
        _ system: SimulatedSystem, _ disk: SimulatedDisk
    ) {
        trees = [disk.image]
        let application = Application(
            disk: disk, namesCount: namesCount, objectsMax: objectsMax)
        var changes: [Change] = []
        var trees = trees
        application.didChange = { record, payload in
            var record = record
            record.sequence = UInt64(changes.count + 1)
            record.payloadLength = UInt32(payload.count)
            changes.append(Change(record: record, payload: payload))
            trees.append(disk.image)
        }
        for _ in 0..<operations {
            system.run(as: .capture) { application.act(&numbers) }
        }
        (self.changes, self.trees) = (changes, trees)
    }

    var count: Int { changes.count }
    var newest: UInt64 { UInt64(changes.count) }
}
