import ControlClient
import DTCLInterpreter
import ScriptHost
import ToolKit
import UnderstudyCommands

/// The way to the servers that the command line names, and the host that uses it.
struct Client {
    let options: Options
    let book: ServerBook
    let typeAhead = TypeAhead()
    private let indent: String

    /// - Parameter indent: before questions.
    init(_ options: Options, indent: String = "") {
        self.options = options
        self.indent = indent
        let usual = ControlClient.usualSilenceSeconds
        book = ServerBook(
            options.servers, silenceSeconds: max(usual, options.timeoutSeconds ?? usual))
    }

    var commands: ToolCommands {
        ToolCommands(
            book: book, table: UnderstudyCommands.table, statements: UnderstudyCommands.statements,
            version: "dtcl \(Usage.version)",
            credentials: Secrets.source(typeAhead, indent: indent))
    }

    /// - Parameter wrap: puts more commands before those of the tool.
    func session(_ wrap: (ToolCommands) -> any ClientCommands = { $0 }) -> ServerSession {
        ServerSession(directory: book, client: wrap(commands))
    }

    func host(_ output: any ScriptOutput, _ router: any CommandRouter) -> ScriptHost {
        var host = ScriptHost(
            table: UnderstudyCommands.table, router: router, output: output,
            environment: World.environment(arguments: options.arguments))
        host.globals = options.definitions.map { ($0.0, .text($0.1)) }
        host.timeoutSeconds = options.timeoutSeconds
        host.echoes = options.echoes
        host.readFile = World.readScript
        host.allowsRun = options.allowsRun
        trace(&host)
        return host
    }

    private func trace(_ host: inout ScriptHost) {
        var tracers: [any ScriptTracer] = []
        if options.traces { tracers.append(StatementTrace()) }
        if options.profiles { tracers.append(StatementProfile()) }
        guard !tracers.isEmpty else { return }
        host.tracing = options.traces ? .values : .lines
        host.tracer = Tracers(all: tracers)
    }
}
