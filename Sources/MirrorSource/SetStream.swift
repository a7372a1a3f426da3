package import ReplicationModel
package import WireProtocol

/// What of the changes that a capture saw concerns one replication set, as its target must see it.
///
/// A move out of the set is the object's leaving. A move into it goes as it is: the target does not
/// know the object, says so, and is sent it. An exchange over the border is both.
package struct SetStream: Sendable {
    /// The set's in `OperationRecord.membership`.
    private let bit: UInt16

    package enum Outcome: Sendable {
        case appended
        case notConcerned
        /// The batch is full; nothing was added.
        case noRoom
    }

    package init(bit: UInt16) { self.bit = bit }

    /// Adds a change to a batch.
    package func append(
        _ record: OperationRecord, _ payload: UnsafeRawBufferPointer, to batch: inout BatchBuilder
    ) -> Outcome {
        let isMember = record.membership & bit != 0
        guard record.kind == .rename || record.kind == .link,
            let view = NameChangeView(payload)
        else {
            guard isMember else { return .notConcerned }
            return batch.append(record, payload: payload) ? .appended : .noRoom
        }
        var first = record
        if record.kind == .link {
            guard isMember else { return .notConcerned }
            if view.change.otherMembership & bit == 0 { first.flags |= NameFlags.arrives.rawValue }
            return batch.append(first, payload: payload) ? .appended : .noRoom
        }
        let becomesMember = view.change.otherMembership & bit != 0
        guard isMember || becomesMember else { return .notConcerned }
        if isMember, becomesMember {
            return batch.append(record, payload: payload) ? .appended : .noRoom
        }
        // All records of an exchange have one sequence, so they must not be torn apart.
        guard batch.payloadRoom >= payload.count + Self.secondBytesMax else { return .noRoom }
        let exchanges = NameFlags(rawValue: record.flags).contains(.exchange)
        first.flags &= ~NameFlags.exchange.rawValue
        if isMember {
            first.kindNumber = OperationKind.leave.rawValue
            guard batch.append(first, payload: payload) else { return .noRoom }
            if exchanges { append(.rename, of: view, record, &batch) }
        } else {
            if exchanges { append(.leave, of: view, record, &batch) }
            first.flags |= NameFlags.arrives.rawValue
            guard batch.append(first, payload: payload) else { return .noRoom }
        }
        return .appended
    }

    /// What an exchange does to the other of the two: it goes the opposite way.
    private func append(
        _ kind: OperationKind, of view: NameChangeView, _ record: OperationRecord,
        _ batch: inout BatchBuilder
    ) {
        var change = NameChange()
        change.parent = view.change.otherParent
        change.parentModified = view.change.otherParentModified
        change.otherParent = view.change.parent
        change.otherParentModified = view.change.parentModified
        change.nameLength = view.change.otherNameLength
        change.otherNameLength = view.change.nameLength
        var other = record
        other.kindNumber = kind.rawValue
        other.file = view.change.replaced
        other.flags = kind == .rename ? NameFlags.arrives.rawValue : 0
        guard let room = batch.reservePayload(change.byteCount) else {
            preconditionFailure("room was made sure of before")
        }
        room.storeBytes(of: change, as: NameChange.self)
        let names = UnsafeMutableRawBufferPointer(rebasing: room[NameChange.fixedByteCount...])
        names.copyMemory(from: view.otherName)
        UnsafeMutableRawBufferPointer(rebasing: names[view.otherName.count...])
            .copyMemory(from: view.name)
        other.checksum = Checksum.of(UnsafeRawBufferPointer(room))
        batch.commit(other, payloadBytes: change.byteCount)
    }

    /// The fixed part, two names, and a record.
    private static let secondBytesMax =
        NameChange.fixedByteCount + 2 * 256 + 2 * OperationRecord.byteCount
}
