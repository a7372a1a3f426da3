import ControlClient
import DTCLInterpreter
import ScriptHost
import UnderstudyCommands

/// The way to the servers that the command line names, and the host that uses it.
struct Client {
    let options: Options
    let book: ServerBook

    init(_ options: Options) {
        self.options = options
        let usual = ControlClient.usualSilenceSeconds
        book = ServerBook(
            options.servers, silenceSeconds: max(usual, options.timeoutSeconds ?? usual))
    }

    var commands: ToolCommands {
        ToolCommands(
            book: book, table: UnderstudyCommands.table, statements: UnderstudyCommands.statements,
            version: "dtcl \(Usage.version)")
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
        return host
    }
}
