internal import CommandModel
internal import SessionCore

/// What is believed of a connection's changes, since when and why: shown by STATUS, told to hooks,
/// kept with the connection. The words are stable: scripts may look for them.
struct ContinuityReport: Hashable, Sendable {
    /// Every change since then has gone its way, or will; nanoseconds since 1970. nil: never yet.
    var since: Int64?
    /// Since when that is not so any more.
    var brokenSince: Int64?
    /// How things were found when the server began, and when that was.
    var start = ""
    var startedAt: Int64 = 0
    /// The last one that began by itself.
    var resync: ResyncReport?

    /// In one line, for a target's data as the session believes it.
    ///
    /// - Parameter isOpenAround: files are open around a capture, so more than is known may change.
    func text(
        _ data: SourceSession.Data, replicates: Bool, isOpenAround: Bool = false
    ) -> String {
        switch data {
        case _ where !replicates: return "changes are not followed"
        case .required(let reason): return broken(reason.rawValue)
        case .mirroring: return broken("a mirror is not complete yet")
        case .resyncing(let reason): return broken(reason.rawValue)
        case .good where isOpenAround: return broken(ResyncReason.openAround.rawValue)
        case .good:
            guard let since, brokenSince == nil else { return "being settled" }
            return "unbroken since \(Self.time(since))"
        }
    }

    private func broken(_ reason: String) -> String {
        since == nil ? "none: \(reason)" : "broken since \(Self.time(brokenSince)): \(reason)"
    }

    static func time(_ nanoseconds: Int64?) -> String {
        nanoseconds.map { Clock.text($0) } ?? "a time that is not known"
    }

    // MARK: What outlives the process

    /// All but what the running process found itself.
    var kept: CommandRecord {
        var record: CommandRecord = [:]
        record["since"] = since.map { .integer($0) }
        record["brokenSince"] = brokenSince.map { .integer($0) }
        record["resync"] = resync.map { .record($0.kept) }
        return record
    }

    init() {}

    /// What is not understood is left out.
    init(kept text: String?) {
        guard let text, let record = (try? JSONReader.value(of: text))?.record else { return }
        since = record["since"]?.integer
        brokenSince = record["brokenSince"]?.integer
        resync = record["resync"]?.record.map { ResyncReport(kept: $0) }
    }
}

/// A resync: what it looks at and why, and what it found.
struct ResyncReport: Hashable, Sendable {
    enum Scope: String, Hashable, Sendable {
        /// What was marked while changes were dropped.
        case marks = "marks"
        /// That, what was about to change, and what changed since a time.
        case scan = "hot groups and change times"
        case everything = "everything"
    }

    var reason: String
    var scope = Scope.everything
    var markCount = 0
    var hotGroupCount = 0
    /// Objects that changed since then are looked at; nanoseconds since 1970.
    var changedSince: Int64?
    /// By how much that is earlier because the clock was set back, nanoseconds.
    var clockSetBack: Int64 = 0
    var started: Int64
    /// nil: it runs, or broke off.
    var ended: Int64?
    var isBrokenOff = false
    var objectsDone: Int64 = 0
    var objectsSuspect: Int64 = 0
    var bytesCompared: Int64 = 0
    var bytesSent: Int64 = 0

    init(reason: String, started: Int64) {
        self.reason = reason
        self.started = started
    }

    /// What it looks at.
    var scopeText: String {
        switch scope {
        case .everything: return "everything"
        case .marks: return "marks \(markCount)"
        case .scan:
            var text = markCount > 0 ? "marks \(markCount), " : ""
            text += "hot groups \(hotGroupCount), changes since "
            text += ContinuityReport.time(changedSince)
            if clockSetBack > 0 {
                text += " (the clock was set back by \(clockSetBack / Clock.second) s)"
            }
            return text
        }
    }

    var text: String {
        let end = ended.map { "done \(Clock.text($0))" } ?? (isBrokenOff ? "broken off" : "running")
        return "\(Clock.text(started)): \(scopeText); \(objectsDone) objects looked at, "
            + "\(objectsSuspect) suspect, \(bytesCompared) bytes compared, "
            + "\(bytesSent) bytes sent; \(end)"
    }

    /// For hooks and scripts.
    var facts: CommandRecord {
        [
            "resyncReason": .text(reason), "resyncScope": .text(scope.rawValue),
            "resyncMarks": .integer(Int64(markCount)),
            "resyncHotGroups": .integer(Int64(hotGroupCount)),
            "resyncChangedSince": .text(changedSince.map { Clock.text($0) } ?? ""),
            "resyncClockSetBackSeconds": .integer(clockSetBack / Clock.second),
            "resyncStarted": .text(Clock.text(started)),
            "resyncEnded": .text(ended.map { Clock.text($0) } ?? ""),
            "resyncObjects": .integer(objectsDone), "resyncSuspect": .integer(objectsSuspect),
            "resyncBytesCompared": .integer(bytesCompared), "resyncBytesSent": .integer(bytesSent),
        ]
    }

    fileprivate var kept: CommandRecord {
        var record: CommandRecord = [
            "reason": .text(reason), "scope": .text(scope.rawValue),
            "marks": .integer(Int64(markCount)), "hotGroups": .integer(Int64(hotGroupCount)),
            "clockSetBack": .integer(clockSetBack), "started": .integer(started),
        ]
        record["changedSince"] = changedSince.map { .integer($0) }
        // While it runs, its figures are nothing to write down at every step.
        guard let ended else { return record }
        record["ended"] = .integer(ended)
        record["objects"] = .integer(objectsDone)
        record["suspect"] = .integer(objectsSuspect)
        record["compared"] = .integer(bytesCompared)
        record["sent"] = .integer(bytesSent)
        return record
    }

    fileprivate init(kept record: CommandRecord) {
        reason = record["reason"]?.text ?? ""
        scope = record["scope"]?.text.flatMap { Scope(rawValue: $0) } ?? .everything
        markCount = Int(record["marks"]?.integer ?? 0)
        hotGroupCount = Int(record["hotGroups"]?.integer ?? 0)
        changedSince = record["changedSince"]?.integer
        clockSetBack = record["clockSetBack"]?.integer ?? 0
        started = record["started"]?.integer ?? 0
        ended = record["ended"]?.integer
        objectsDone = record["objects"]?.integer ?? 0
        objectsSuspect = record["suspect"]?.integer ?? 0
        bytesCompared = record["compared"]?.integer ?? 0
        bytesSent = record["sent"]?.integer ?? 0
        // It ran in a process that is gone.
        isBrokenOff = ended == nil
    }
}

/// What a capture says of itself that bears on what can be believed.
struct CaptureFacts: Hashable, Sendable {
    /// How often its server was ended and another one took over.
    var takeovers = 0
    /// Changes that came around the mount, as the tripwire noticed them.
    var around = 0
    /// Changes whose outcome could not be read.
    var unread = 0
    var hasTripwire = false
    /// Why the folder is not captured; empty: it is.
    var problem = ""
    /// Files that somebody has open around it.
    var openAround: [Around] = []
    /// Whether there are any could not be found out.
    var isAroundUnknown = false
    /// Who works in the folder below it; where that folder shows as well.
    var standing: [String] = []
    var ways: [String] = []

    /// A file that is open around a capture.
    struct Around: Hashable, Sendable {
        let path: String
        /// By whom, or what is done about it.
        let words: String

        var text: String {
            "written around the mount: " + (path.isEmpty ? words : "\(path) \(words)")
        }

        static let unknown = Around(path: "", words: "perhaps, /proc does not answer")
    }

    private static let aroundMax = 10

    func lines(_ path: String) -> [String] {
        var lines: [String] = []
        if !problem.isEmpty { lines.append("\(path) is not captured: \(problem)") }
        if takeovers > 0 {
            lines.append(
                "capture of \(path) was ended and taken over \(takeovers) "
                    + (takeovers == 1 ? "time" : "times"))
        }
        if around > 0 { lines.append("changed around the mount: \(path), \(around) times noticed") }
        if unread > 0 { lines.append("changes not readable afterwards: \(path), \(unread)") }
        return lines + aroundLines(path)
    }

    /// What can be changed without being seen, and by whom.
    func aroundLines(_ path: String) -> [String] {
        var lines = openAround.prefix(Self.aroundMax).map(\.text)
        if openAround.count > Self.aroundMax {
            lines.append(
                "written around the mount: \(openAround.count - Self.aroundMax) files more")
        }
        return lines + (ways + standing).prefix(2 * Self.aroundMax).map { "around \(path): \($0)" }
    }
}
