public import CommandModel

/// What hooks can hear of, and the facts that come with it: for the server that tells of them, and
/// for everybody who writes a name of one.
public enum UnderstudyEvents {
    /// All that a server tells of, those of its script host as well.
    public static let known = all + [hookFailed]

    /// Declared by the script host, which this room does not see.
    private static let hookFailed = EventDeclaration(
        "hook.failed", summary: "a hook has failed; the hook itself is not told",
        fields: [
            .init("hook", "the hook's id"), .init("script", "its file"),
            .init("event", "the event that it worked on"), .init("reason", "what went wrong"),
            .init("count", "failures since this was told last"),
        ])

    private static let connection: [EventDeclaration.Field] = [
        .init("connection", "its id"), .init("set", "the replication set"),
        .init("target", "the target's name"), .init("targetAddress", "the target's address"),
    ]
    private static let mirror =
        connection + [
            .init("kind", "full mirror, difference mirror, mirror by checksums or resync"),
            .init("orphans", "whether orphans are removed"),
        ]
    private static let done =
        mirror + [
            .init("objects", "looked at"), .init("bytes", "of content that were sent"),
        ]
    private static let incoming: [EventDeclaration.Field] = [
        .init("connection", "its id at the source"), .init("set", "the replication set"),
        .init("source", "the source's name"), .init("target", "this server"),
        .init("path", "the first of the folders that it is replicated to"),
        .init("incoming", "what the connection is called here and nowhere else"),
    ]
    private static let incomingMirror =
        incoming + [
            .init("kind", "full mirror, difference mirror or resync"),
            .init("orphans", "whether orphans are removed"),
        ]
    private static let incomingReason = incoming + [.init("reason", "in words")]
    private static let reason = connection + [.init("reason", "in words")]
    private static let resync =
        mirror + [
            .init("reason", "in words"),
            .init("resyncScope", "marks, hot groups and change times, or everything"),
            .init("resyncMarks", "objects that were marked while changes were dropped"),
            .init("resyncHotGroups", "groups of 256 objects that were about to change"),
            .init("resyncChangedSince", "objects that changed since then are looked at"),
            .init("resyncClockSetBackSeconds", "how much earlier, as the clock was set back"),
            .init("resyncStarted", "when it began"),
        ]

    public static let all = [
        EventDeclaration(
            "before.mirror", summary: "somebody asks for a mirror; hooks may hold or veto it",
            fields: mirror),
        EventDeclaration("mirror.started", summary: "a mirror has begun", fields: mirror),
        EventDeclaration(
            "mirror.completed", summary: "the target has everything", fields: done),
        EventDeclaration(
            "mirror.stopped", summary: "a mirror was stopped before its end", fields: mirror),
        EventDeclaration(
            "resync.needed", summary: "changes did not go the ordinary way", fields: reason),
        EventDeclaration(
            "resync.started", summary: "what may differ is being put right", fields: resync),
        EventDeclaration(
            "resync.completed", summary: "what may have differed is right",
            fields: resync + [
                .init("objects", "looked at"), .init("resyncSuspect", "that may have differed"),
                .init("resyncBytesCompared", "of content"),
                .init("bytes", "of content that were sent"),
                .init("resyncEnded", "when it was complete"),
            ]),
        EventDeclaration(
            "connection.resumed", summary: "the server began and goes on with a connection",
            fields: connection + [
                .init("found", "in what state its queue and captures were"),
                .init("continuity", "since when all changes went their way, or why not"),
            ]),
        EventDeclaration(
            "connection.linked", summary: "the target is reached", fields: connection),
        EventDeclaration(
            "connection.lost", summary: "the target is no longer reached", fields: reason),
    ] + atTarget + atServer

    private static let path = [EventDeclaration.Field("path", "the captured folder")]
    private static let server: [EventDeclaration.Field] = [
        .init("server", "its name"), .init("address", "where others reach it"),
        .init("version", "of its program"),
    ]
    private static let queue: [EventDeclaration.Field] = [
        .init("bytes", "in the disk queue"), .init("bytesMax", "what it may grow to now"),
        .init("percent", "of that"),
    ]

    private static let atServer = [
        EventDeclaration(
            "capture.takenover",
            summary: "the process that serves a captured folder ended and another took over",
            fields: path),
        EventDeclaration(
            "capture.lost", summary: "a captured folder's processes ended; it is captured again",
            fields: path),
        EventDeclaration(
            "capture.back", summary: "a folder is captured again after that", fields: path),
        EventDeclaration(
            "queue.alert", summary: "the disk queue is used beyond queueAlertPercent",
            fields: queue),
        EventDeclaration(
            "queue.eased", summary: "the disk queue is below queueAlertPercent again",
            fields: queue),
        EventDeclaration(
            "server.started", summary: "the server takes commands", fields: server),
        EventDeclaration(
            "server.stopping",
            summary: "the server was told to stop; it waits 10 seconds for hooks with DELAY",
            fields: server),
    ]

    private static let atTarget = [
        EventDeclaration(
            "target.mirror.started", summary: "a mirror that comes in has begun",
            fields: incomingMirror),
        EventDeclaration(
            "target.mirror.completed", summary: "everything of a mirror has been applied here",
            fields: incomingMirror),
        EventDeclaration(
            "target.mirror.stopped", summary: "a mirror that comes in ended before it was complete",
            fields: incomingMirror + [.init("reason", "in words")]),
        EventDeclaration(
            "target.full", summary: "there is no room for what comes in; it is tried again",
            fields: incomingReason),
        EventDeclaration(
            "target.retrying", summary: "what comes in cannot be applied; it is tried again",
            fields: incomingReason),
        EventDeclaration(
            "target.recovered", summary: "what comes in is applied again", fields: incoming),
        EventDeclaration(
            "script.failed", summary: "a script of a connection, or of RUN ... ON, failed",
            fields: [
                .init("script", "its path"), .init("reason", "in words"),
                .init("point", "mirrorstart, mirrorstop or mirrorcomplete"),
                .init("connection", "of a connection's script: its id at the source"),
                .init("source", "of a connection's script: the source's name"),
                .init("origin", "of RUN ... ON: who asked"),
            ]),
    ]
}
