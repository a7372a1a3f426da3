public import CommandModel

extension EventDeclaration {
    /// Told by the host itself.
    public static let hookFailed = EventDeclaration(
        "hook.failed", summary: "a hook has failed; the hook itself is not told",
        fields: [
            .init("hook", "the hook's id"), .init("script", "its file"),
            .init("event", "the event that it worked on"), .init("reason", "what went wrong"),
            .init("count", "failures since this was told last"),
        ])
}

extension ScriptHost {
    /// Tells people and hooks of an event.
    /// - Throws: `invalidParameter` when the name is none or is taken.
    public mutating func declare(_ event: EventDeclaration) throws(CommandError) {
        guard case .exact? = HookPattern(event.name) else {
            throw CommandError(
                .invalidParameter,
                "got '\(event.name)', expected an event's name such as 'mirror.completed'")
        }
        guard !events.contains(where: { $0.name == event.name }) else {
            throw CommandError(.invalidParameter, "the event '\(event.name)' is there already")
        }
        events.append(event)
    }

    /// A page about the events: one line each, its fields below it.
    public var eventLines: [String] {
        events.flatMap { event in
            ["\(event.name) - \(event.summary)"]
                + event.fields.map { "    \($0.name): \($0.summary)" }
        }
    }
}
