package import CommandModel

/// What a server's surroundings give the runtime, which itself knows neither scripts nor the table
/// of commands.
package struct RuntimeLinks: Sendable {
    /// Tells hooks of an event; never waits.
    package var tell: @Sendable (RuntimeEvent) -> Void = { _ in }
    /// Asks them about a `before.…` event; nil: go on, else what stands against it.
    package var ask: @Sendable (RuntimeEvent) async -> CommandError? = { _ in nil }
    /// A connection that ended here is over for good; its UUID.
    package var forgotten: @Sendable (_ incoming: String) -> Void = { _ in }
    /// What a command would do, in the words of its declaration.
    package var plan: @Sendable (CommandRequest) -> [String] = { _ in [] }

    package init() {}
}
