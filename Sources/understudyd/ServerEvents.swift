import CommandModel

/// What hooks can hear of, and the facts that come with it.
enum ServerEvents {
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
    private static let reason = connection + [.init("reason", "in words")]

    static let all = [
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
            "resync.started", summary: "what may differ is being put right", fields: mirror),
        EventDeclaration(
            "resync.completed", summary: "what may have differed is right", fields: done),
        EventDeclaration(
            "connection.linked", summary: "the target is reached", fields: connection),
        EventDeclaration(
            "connection.lost", summary: "the target is no longer reached", fields: reason),
    ]
}
