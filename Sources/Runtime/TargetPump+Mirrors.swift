internal import CommandModel
internal import Logging
internal import ReplicationModel
internal import Synchronization
internal import TargetApply
internal import WireProtocol

/// What hooks and scripts at the target hear of its mirrors. A mirror waits for those that want to
/// be waited for: nothing of the connection is applied meanwhile.
extension TargetPump {
    /// Tells hooks of an event and does not wait for them.
    func tell(_ name: String, _ more: CommandRecord = [:]) {
        owner.links.tell(RuntimeEvent(name, facts.with(more)))
    }

    /// After a record was applied: whether a mirror began, ended or was stopped by it.
    ///
    /// - Returns: false where the link or the server ended while scripts ran.
    func tellOfMirror(_ record: OperationRecord, _ applier: Applier) -> Bool {
        switch record.kind {
        case .mirrorBegin:
            let options = MirrorOptions(rawValue: record.flags)
            // What the target asked for by itself is no mirror to anybody.
            guard !options.contains(.partial) else { return true }
            mirrorIsCut("another mirror began")
            toldMirror = Self.facts(options)
            return tellAndWait("target.mirror.started")
        case .mirrorEnd:
            // While something is still missing, the mirror goes on.
            guard toldMirror != nil, !applier.isMirroring else { return true }
            let isDone = tellAndWait("target.mirror.completed")
            toldMirror = nil
            return isDone
        case .mirrorStopped:
            guard toldMirror != nil else { return true }
            let isDone = tellAndWait("target.mirror.stopped", ["reason": .text("it was stopped")])
            toldMirror = nil
            return isDone
        default: return true
        }
    }

    /// A mirror that was told of does not go on as it began.
    func mirrorIsCut(_ reason: String) {
        guard let mirror = toldMirror else { return }
        toldMirror = nil
        tell("target.mirror.stopped", mirror.with(["reason": .text(reason)]))
    }

    private func tellAndWait(_ name: String, _ more: CommandRecord = [:]) -> Bool {
        let event = RuntimeEvent(name, facts.with(toldMirror ?? [:]).with(more))
        let answer = ScriptsAnswer()
        let (ask, mailbox) = (owner.links.ask, mailbox)
        let task = Task {
            // Whatever they say: a mirror waits for scripts, it does not obey them.
            _ = await ask(event)
            answer.set()
            mailbox.post(.scriptsDone)
        }
        while true {
            let seen = mailbox.signal
            inbox += mailbox.take()
            if answer.isThere { return true }
            if inbox.contains(where: ends) {
                task.cancel()
                return false
            }
            mailbox.sleep(while: seen, nanoseconds: 5 * Clock.second)
        }
    }

    static func facts(
        _ hello: Hello, _ open: Open, _ roots: [String], target: String
    ) -> CommandRecord {
        [
            "connection": .integer(Int64(open.connectionID)), "set": .text(open.setName),
            "source": .text(hello.serverName), "target": .text(target),
            "incoming": .text(ConnectionPlan.uuid(open.connectionUUID)),
            "path": .text(roots.first ?? ""),
        ]
    }

    private static func facts(_ options: MirrorOptions) -> CommandRecord {
        let kind =
            options.contains(.resync)
            ? "resync" : options.contains(.full) ? "full mirror" : "difference mirror"
        return [
            "kind": .text(kind), "orphans": .boolean(options.contains(.removeOrphans)),
        ]
    }
}

/// Whether the scripts that a mirror waits for are done.
private final class ScriptsAnswer: Sendable {
    private let isDone = Mutex(false)

    var isThere: Bool { isDone.withLock { $0 } }
    func set() { isDone.withLock { $0 = true } }
}

extension CommandRecord {
    /// These fields, and others that come after them or take their place.
    func with(_ more: CommandRecord) -> CommandRecord {
        var record = self
        for field in more.fields { record[field.name] = field.value }
        return record
    }
}
