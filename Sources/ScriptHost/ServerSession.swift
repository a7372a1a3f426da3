public import CommandModel
public import CommandTable

/// Finds servers by the names that people use for them.
public protocol ServerDirectory: Sendable {
    /// - Throws: `noSuchServer` with the names that are known.
    func executor(for machine: String) async throws(CommandError) -> any CommandExecutor
}

/// What the program that runs scripts does itself: the commands that go to no server, and whatever
/// must happen before one goes there.
public protocol ClientCommands: Sendable {
    func execute(
        _ request: CommandRequest, in session: ServerSession
    ) async throws(CommandError) -> CommandOutcome

    /// Called before a request goes to a server; may ask servers and change the request.
    func prepare(
        _ request: CommandRequest, for executor: any CommandExecutor, in session: ServerSession
    ) async throws(CommandError) -> CommandRequest

    /// Called first: the machine that carries a request out, where it is not the one that the
    /// declaration names; nil: it is. May ask servers.
    func machine(
        for request: CommandRequest, in session: ServerSession
    ) async throws(CommandError) -> String?
}

extension ClientCommands {
    public func machine(
        for request: CommandRequest, in session: ServerSession
    ) async throws(CommandError) -> String? { nil }
}

/// Which machines the commands of a session are about, and the way there.
public actor ServerSession: CommandRouter {
    public private(set) var source: String?
    public private(set) var target: String?
    private let directory: any ServerDirectory
    private let client: any ClientCommands

    public init(directory: any ServerDirectory, client: any ClientCommands) {
        self.directory = directory
        self.client = client
    }

    public func setSource(_ machine: String) { source = machine }
    public func setTarget(_ machine: String) { target = machine }

    public func execute(
        _ request: CommandRequest, of declaration: CommandDeclaration,
        progress: @escaping @Sendable (CommandProgress) -> Void
    ) async throws(CommandError) -> CommandOutcome {
        var found = try await client.machine(for: request, in: self)
        if found == nil { found = try machine(for: request, declaration.destination) }
        guard let machine = found else {
            return try await client.execute(request, in: self)
        }
        let executor = try await directory.executor(for: machine)
        let prepared = try await client.prepare(request, for: executor, in: self)
        return .result(try await executor.execute(prepared, progress: progress))
    }

    /// nil when no server is needed.
    private func machine(
        for request: CommandRequest, _ destination: CommandDeclaration.Destination
    ) throws(CommandError) -> String? {
        switch destination {
        case .client, .local: return nil
        case .source:
            return try currentSource(orElse: "")
        case .target:
            guard let target else {
                throw CommandError(
                    .noTargetNamed, "no target machine has been named, use 'TARGET machine' first")
            }
            return target
        case .machine(let argument):
            if let machine = request.arguments[argument]?.text { return machine }
            return try currentSource(orElse: ", or name the machine with ON")
        }
    }

    private func currentSource(orElse hint: String) throws(CommandError) -> String {
        if let source { return source }
        throw CommandError(
            .noSourceNamed,
            "no source machine has been named, use 'SOURCE machine' first" + hint)
    }
}
