/// What one connection's source side decides: event in, action out. It knows no socket, clock or
/// file; the pump carries its actions out, in the order it returns them.
package struct SourceSession: Hashable, Sendable {
    /// How far the content of the target can be trusted, as far as the source knows.
    package enum Data: Hashable, Sendable {
        case good
        /// A person has to decide: only a mirror that is asked for makes the target good.
        case required(MirrorReason)
        /// A mirror runs or has to be started again after a broken link.
        case mirroring
        /// What may differ is known well enough to be put right without being asked: a resync runs,
        /// or begins when the target is reached.
        case resyncing(ResyncReason)

        /// The worst of what is believed and of what has come to its end, but is not on the
        /// target's disk yet: what has to be begun again if this process ends now.
        package func orWorse(_ unsettled: Data?) -> Data {
            switch (self, unsettled) {
            case (let data, nil): data
            case (.good, let unsettled?): unsettled
            case (.resyncing, .mirroring?): .mirroring
            case (.resyncing(let one), .resyncing(let other)?): .resyncing(max(one, other))
            case (let data, _): data
            }
        }
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
    private var isTargetRepeating = false
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
        case .good: return isTargetRepeating ? .repeating : .ok
        case .mirroring: return .mirroring
        case .resyncing(let reason): return .resyncing(reason)
        case .required(let reason): return .mirrorRequired(reason)
        }
    }

    /// Whether a mirror or resync runs, or has to be begun.
    package var isMirrorOwed: Bool {
        switch data {
        case .mirroring, .resyncing: true
        case .good, .required: false
        }
    }

    // MARK: The link

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
        isTargetRepeating = answer.isRepeating
        guard replicates else {
            // The end of a mirror did not reach the target's disk: it was none.
            if answer.isInconsistent, data == .good, own.unsettled != nil { data = .mirroring }
            if data == .mirroring { return .mirrorAgain }
            if answer.isInconsistent { require(.targetInconsistent) }
            return .stay
        }
        // A place that was given up on purpose has its reason already.
        if !own.canFollow, data == .good { lose(.queueFull) }
        if answer.isInconsistent, answer.journalID != 0, let unsettled = own.unsettled {
            // The end of a mirror did not reach the target's disk: it was none.
            switch unsettled {
            case .mirroring: data = .mirroring
            case .resyncing(let reason): lose(reason)
            case .good, .required: break
            }
        }
        let isKnown =
            answer.journalID == own.journalID && answer.applied >= own.released
            && answer.applied <= own.newest
        switch data {
        case .mirroring: return .mirrorAgain
        case .resyncing:
            // A target without any memory of this connection may hold anything, even the only good
            // copy: nothing is put right there unasked.
            guard answer.journalID != 0, !answer.needsWholeMirror else {
                require(.targetReset)
                return .resume(from: own.released)
            }
            return .resync(from: isKnown ? answer.applied : own.released)
        case .required: return .resume(from: isKnown ? answer.applied : own.released)
        case .good: break
        }
        guard isKnown, !answer.needsWholeMirror else {
            require(.targetReset)
            return .resume(from: own.released)
        }
        if answer.isInconsistent {
            lose(.targetInconsistent)
            return .resync(from: answer.applied)
        }
        return .resume(from: answer.applied)
    }

    package enum OpenedAction: Hashable, Sendable {
        /// Send the changes after this sequence.
        case resume(from: UInt64)
        /// Start the mirror over as a difference mirror; changes follow it.
        case mirrorAgain
        /// Start a resync; changes after this sequence go with it.
        case resync(from: UInt64)
        /// Send nothing until a mirror is asked for.
        case stay
    }

    /// Where the target stands.
    package struct TargetPosition: Hashable, Sendable {
        /// 0: the target knows nothing of the connection.
        package var journalID: UInt64
        package var applied: UInt64
        package var isInconsistent: Bool
        /// It does not know what it has, or a whole mirror was not finished.
        package var needsWholeMirror: Bool
        /// Changes after `applied` may be there in part.
        package var isRepeating: Bool

        package init(
            journalID: UInt64, applied: UInt64, isInconsistent: Bool,
            needsWholeMirror: Bool = false, isRepeating: Bool = false
        ) {
            self.journalID = journalID
            self.applied = applied
            self.isInconsistent = isInconsistent
            self.needsWholeMirror = needsWholeMirror
            self.isRepeating = isRepeating
        }
    }

    /// What the source's journal still holds for this connection.
    package struct OwnPosition: Hashable, Sendable {
        package var journalID: UInt64
        package var released: UInt64
        package var newest: UInt64
        package var canFollow: Bool
        /// What was made good by a mirror whose end may not have reached the target's disk.
        package var unsettled: Data?

        package init(
            journalID: UInt64, released: UInt64, newest: UInt64, canFollow: Bool,
            unsettled: Data? = nil
        ) {
            self.journalID = journalID
            self.released = released
            self.newest = newest
            self.canFollow = canFollow
            self.unsettled = unsettled
        }
    }

    // MARK: The data

    /// The operator (or a policy) started a mirror.
    package mutating func mirrorStarted() { data = .mirroring }

    /// The target has applied the end of a mirror or resync.
    package mutating func mirrorCompleted() {
        switch data {
        case .mirroring, .resyncing: data = .good
        case .good, .required: break
        }
    }

    package mutating func mirrorStopped() {
        switch data {
        case .mirroring, .resyncing: data = .required(.mirrorStopped)
        case .good, .required: break
        }
    }

    /// Something happened after which only a mirror that somebody asks for helps.
    package mutating func require(_ reason: MirrorReason) { data = .required(reason) }

    /// Changes did not go the ordinary way; what may differ is known as well as `reason` says. What
    /// runs must begin anew, because it may have passed the place already.
    package mutating func lose(_ reason: ResyncReason) {
        switch data {
        case .good: data = .resyncing(reason)
        case .resyncing(let known): data = .resyncing(max(known, reason))
        case .mirroring, .required: break
        }
    }

    package mutating func acknowledged(
        retrying: Bool, missesObjects: Bool, repeating: Bool = false
    ) {
        isTargetRetrying = retrying
        isTargetRepeating = repeating
        if missesObjects, data == .good { data = .resyncing(.objectsMissing) }
    }
}
