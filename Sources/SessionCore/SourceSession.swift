/// What one connection's source side decides: event in, action out. It knows no socket, clock or
/// file; the pump carries its actions out, in the order it returns them.
package struct SourceSession: Hashable, Sendable {
    /// How far the content of the target can be trusted, as far as the source knows.
    package enum Data: Hashable, Sendable {
        case good
        case required(MirrorReason)
        /// A mirror runs or has to be started again after a broken link.
        case mirroring
    }

    private enum Link: Hashable, Sendable {
        /// Leaves by `linked`.
        case down
        /// `open` was sent; leaves by `opened` or `lost`.
        case opening
        /// Batches flow; leaves by `lost`.
        case streaming
        /// The target said no; leaves by `lost`.
        case refused(String)
    }

    package private(set) var data: Data
    private var link = Link.down
    private var isTargetRetrying = false
    /// Whether changes are followed at all (NOREPLICATE).
    package let replicates: Bool

    package init(data: Data, replicates: Bool) {
        self.data = data
        self.replicates = replicates
    }

    package var isStreaming: Bool { link == .streaming }

    package var state: TargetState {
        switch link {
        case .down, .opening: return .notReached
        case .refused(let reason): return .refused(reason)
        case .streaming: break
        }
        if isTargetRetrying { return .retrying }
        switch data {
        case .good: return .ok
        case .mirroring: return .mirroring
        case .required(let reason): return .mirrorRequired(reason)
        }
    }

    // MARK: Events

    package mutating func linked() { link = .opening }

    package mutating func lost() {
        link = .down
        isTargetRetrying = false
    }

    package mutating func refused(_ reason: String) { link = .refused(reason) }

    /// The target's answer, beside what the source's own journal can still give.
    package mutating func opened(_ answer: TargetPosition, _ own: OwnPosition) -> OpenedAction {
        link = .streaming
        isTargetRetrying = false
        if data == .mirroring { return .mirrorAgain }
        guard replicates else {
            if answer.isInconsistent { require(.targetInconsistent) }
            return .stay
        }
        guard own.canFollow else {
            require(.queueFull)
            return .stay
        }
        guard answer.journalID == own.journalID, answer.applied >= own.released,
            answer.applied <= own.newest
        else {
            // A connection that was just made, or a target that forgot: what it has is unknown.
            if data == .good { require(.targetReset) }
            return .resume(from: own.released)
        }
        if answer.isInconsistent, data == .good { require(.targetInconsistent) }
        return .resume(from: answer.applied)
    }

    package enum OpenedAction: Hashable, Sendable {
        /// Send the changes after this sequence.
        case resume(from: UInt64)
        /// Start the mirror over as a difference mirror; changes follow it.
        case mirrorAgain
        /// Send nothing until a mirror is asked for.
        case stay
    }

    /// Where the target stands.
    package struct TargetPosition: Hashable, Sendable {
        package var journalID: UInt64
        package var applied: UInt64
        package var isInconsistent: Bool

        package init(journalID: UInt64, applied: UInt64, isInconsistent: Bool) {
            self.journalID = journalID
            self.applied = applied
            self.isInconsistent = isInconsistent
        }
    }

    /// What the source's journal still holds for this connection.
    package struct OwnPosition: Hashable, Sendable {
        package var journalID: UInt64
        package var released: UInt64
        package var newest: UInt64
        package var canFollow: Bool

        package init(journalID: UInt64, released: UInt64, newest: UInt64, canFollow: Bool) {
            self.journalID = journalID
            self.released = released
            self.newest = newest
            self.canFollow = canFollow
        }
    }

    /// The operator (or a policy) started a mirror.
    package mutating func mirrorStarted() { data = .mirroring }

    /// The target has applied `mirrorEnd`.
    package mutating func mirrorCompleted() { if data == .mirroring { data = .good } }

    package mutating func mirrorStopped() {
        if data == .mirroring { data = .required(.mirrorStopped) }
    }

    /// Something happened after which only a mirror helps. A mirror that runs is not enough either:
    /// it may have passed the place already.
    package mutating func require(_ reason: MirrorReason) { data = .required(reason) }

    package mutating func acknowledged(retrying: Bool, missesObjects: Bool) {
        isTargetRetrying = retrying
        if missesObjects, data == .good { data = .required(.objectsMissing) }
    }
}
