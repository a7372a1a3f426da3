package import ReplicationModel

/// What a dropped record leaves behind.
extension DirtyIndex {
    /// Marks what a change may have made different.
    ///
    /// - Parameter bit: of the connection's replication set; what does not concern it is skipped.
    package mutating func mark(
        _ record: borrowing OperationRecord, _ payload: UnsafeRawBufferPointer, bit: UInt16
    ) {
        let sequence = record.sequence
        let isMember = record.membership & bit != 0
        switch OperationKind(rawValue: record.kindNumber) {
        case .write where isMember:
            markData(
                record.file, UInt64(bitPattern: record.offset), count: record.length,
                sequence: sequence)
        case .allocate where isMember:
            markAllocation(record)
        case .truncate where isMember:
            markData(record.file, from: record.length, sequence: sequence)
        case .attributes where isMember, .setExtended where isMember,
            .removeExtended where isMember:
            mark(record.file, .attributes, sequence: sequence)
        case .create, .link, .unlink, .removeDirectory, .rename, .leave:
            markNames(record, payload, bit)
        default: break
        }
    }

    /// A record that will be marked a little later: its entry is brought near meanwhile, because
    /// among many files it is far from the processor.
    @inline(__always)
    func prepare(_ record: borrowing OperationRecord) {
        let isWrite = record.kindNumber == OperationKind.write.rawValue
        let range = UInt64(bitPattern: record.offset) >> DirtyEntry.rangeShift
        table.prefetch(
            record.inode, DirtyEntry.key(record.file),
            isWrite ? UInt32(truncatingIfNeeded: range) : DirtyEntry.objectRange)
    }

    private mutating func markAllocation(_ record: borrowing OperationRecord) {
        let offset = UInt64(bitPattern: record.offset)
        if record.flags & Self.shiftingModes != 0 {
            return markData(record.file, from: offset, sequence: record.sequence)
        }
        markData(record.file, offset, count: record.length, sequence: record.sequence)
    }

    /// Modes of `fallocate` that move what follows: collapse and insert.
    private static let shiftingModes: UInt8 = 0x08 | 0x20

    private mutating func markNames(
        _ record: borrowing OperationRecord, _ payload: UnsafeRawBufferPointer, _ bit: UInt16
    ) {
        let sequence = record.sequence
        guard let change = NameChangeView(payload)?.change else {
            // Cannot be read, so it is not known what it was about.
            setIncomplete()
            return
        }
        let isMember = record.membership & bit != 0
        let isRename = record.kindNumber == OperationKind.rename.rawValue
        let becomesMember = isRename && change.otherMembership & bit != 0
        guard isMember || becomesMember else { return }
        mark(change.parent, .entries, sequence: sequence)
        if isRename { mark(change.otherParent, .entries, sequence: sequence) }
        if change.replaced != .none { mark(change.replaced, .attributes, sequence: sequence) }
        var kinds: DirtyKinds = .attributes
        let isDirectory = change.attributes.type == .directory
        let isLink = record.kindNumber == OperationKind.link.rawValue
        // May have been in the set before, and have changed since unseen.
        let arrives = isRename && !isMember || isLink && change.otherMembership & bit == 0
        let isNew = record.kindNumber == OperationKind.create.rawValue || arrives
        if isNew && isDirectory { kinds.insert(.entries) }
        if arrives && isDirectory { setIncomplete() }
        mark(record.file, kinds, sequence: sequence)
        if isNew && !isDirectory { markData(record.file, from: 0, sequence: sequence) }
    }
}
