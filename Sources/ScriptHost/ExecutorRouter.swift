public import CommandModel
public import CommandTable

/// For scripts that run inside a server: commands about a source, a target or this machine are
/// carried out by the server itself.
public struct ExecutorRouter: CommandRouter {
    private let executor: any CommandExecutor
    /// What this machine is called, in small letters.
    private let names: Set<String>

    /// - Parameter names: of this machine; `localhost` is one without saying.
    public init(_ executor: any CommandExecutor, names: [String]) {
        self.executor = executor
        self.names = Set((names + ["localhost"]).map { $0.lowercased() })
    }

    public func execute(
        _ request: CommandRequest, of declaration: CommandDeclaration,
        progress: @escaping @Sendable (CommandProgress) -> Void
    ) async throws(CommandError) -> CommandOutcome {
        switch declaration.destination {
        case .source, .target: break
        case .machine(let argument):
            // None named: this one.
            if let machine = request.arguments[argument]?.text { try check(machine, declaration) }
        case .client, .local:
            // SOURCE, TARGET, LOGIN: there is nowhere else to go.
            try check(request.arguments["machine"]?.text, declaration)
            return .result(CommandResult())
        }
        return .result(try await executor.execute(request, progress: progress))
    }

    private func check(
        _ machine: String?, _ declaration: CommandDeclaration
    ) throws(CommandError) {
        guard let machine else {
            throw CommandError(
                .invalidCommand, "'\(declaration.name)' cannot be used by a script of the server")
        }
        guard names.contains(machine.lowercased()) else {
            throw CommandError(
                .noSuchServer,
                "a script of the server reaches this server only, got '\(machine)'")
        }
    }
}
