public import CommandModel
public import CommandTable
public import DTCLInterpreter
public import DTCLSyntax

/// A command that a program gives to its scripts: its declaration and what it does stand together.
public protocol HostCommand: Sendable {
    static var declaration: CommandDeclaration { get }

    /// - Throws: the code and the reason that the script finds.
    static func run(_ call: HostCall) async throws(CommandError) -> CommandResult
}

/// One call of a registered command, its arguments bound and checked.
public struct HostCall: Sendable {
    public let request: CommandRequest
    /// All commands of the host, for help.
    public let table: CommandTable
    let tell: @Sendable (CommandProgress) -> Void

    public var arguments: CommandRecord { request.arguments }

    /// An argument that the pattern makes sure of; empty where it is not there.
    public func text(_ name: String) -> String { arguments[name]?.text ?? "" }

    public func integer(_ name: String) -> Int64? { arguments[name]?.integer }

    /// A time, or nil where it was left out or is FOREVER.
    public func seconds(_ name: String) -> Double? {
        if case .decimal(let seconds)? = arguments[name] { seconds } else { nil }
    }

    /// Whether an option was given.
    public func has(_ name: String) -> Bool { arguments[name] == .boolean(true) }

    /// Says how far a long command is.
    public func progress(_ line: String, _ data: CommandRecord = [:]) {
        tell(CommandProgress(line: line, data: data))
    }
}

/// What a registered command does.
public typealias HostCommandBody =
    @Sendable (HostCall) async throws(CommandError) -> CommandResult

extension ScriptHost {
    /// A host whose commands are those that are registered, and no others.
    public init(output: any ScriptOutput, limits: Limits = .person) {
        let table = CommandTable([])
        self.init(table: table, router: NoCommands(), output: output, limits: limits)
        environment = .system
        readFile = ScriptHost.readSystemFile
    }

    /// INCLUDE reads files of this machine.
    public static let readSystemFile:
        @Sendable (String) -> Result<SourceText, IncludeError> = { path in
        do throws(CommandError) {
            return .success(SourceText(bytes: try ScriptFiles.read(path), name: path))
        } catch {
            return .failure(IncludeError(error.message))
        }
    }

    /// Gives the scripts a command.
    /// - Throws: `invalidCommand` when its id is taken or its words may mean another command, too.
    public mutating func register(
        _ declaration: CommandDeclaration, run: @escaping HostCommandBody
    ) throws(CommandError) {
        let known = table().declarations
        guard !known.contains(where: { $0.id == declaration.id }) else {
            throw CommandError(.invalidCommand, "the command '\(declaration.id)' is there already")
        }
        let next = CommandTable(known + [declaration])
        if let pair = next.ambiguities.first {
            throw CommandError(.invalidCommand, "'\(declaration.id)' makes ambiguous: \(pair)")
        }
        table = { next }
        let before = router as? RegisteredCommands
        var bodies = before?.bodies ?? [:]
        bodies[declaration.id] = run
        router = RegisteredCommands(bodies: bodies, next: before?.next ?? router, table: next)
    }

    public mutating func register<Command: HostCommand>(
        _ command: Command.Type
    ) throws(CommandError) {
        try register(Command.declaration) { call async throws(CommandError) in
            try await Command.run(call)
        }
    }

    /// Gives the scripts HELP and RUN.
    public mutating func registerStandardCommands() throws(CommandError) {
        try register(HelpCommand.self)
        try register(RunCommand.declaration) { _ throws(CommandError) in
            // The host carries RUN out before it asks anybody.
            throw CommandError(.invalidCommand, "RUN has come the wrong way")
        }
    }
}

/// Where registered commands go; all others go on to the router that was there before.
struct RegisteredCommands: CommandRouter {
    let bodies: [String: HostCommandBody]
    let next: any CommandRouter
    let table: CommandTable

    func execute(
        _ request: CommandRequest, of declaration: CommandDeclaration,
        progress: @escaping @Sendable (CommandProgress) -> Void
    ) async throws(CommandError) -> CommandOutcome {
        guard let body = bodies[request.command] else {
            return try await next.execute(request, of: declaration, progress: progress)
        }
        return .result(try await body(HostCall(request: request, table: table, tell: progress)))
    }
}

/// Knows no command.
struct NoCommands: CommandRouter {
    func execute(
        _ request: CommandRequest, of declaration: CommandDeclaration,
        progress: @escaping @Sendable (CommandProgress) -> Void
    ) async throws(CommandError) -> CommandOutcome {
        throw CommandError(.invalidCommand, "'\(declaration.name)' is not available here")
    }
}
