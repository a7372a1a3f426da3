import ControlClient
import DTCLInterpreter
import DTCLSyntax
import Glibc
import ScriptHost
import ToolKit
import UnderstudyCommands

/// The tool: reads its command line, does one job, ends with a status.
@main
enum Dtcl {
    static func main() {
        // A reader that has gone shows as a failed write, not as a death.
        signal(SIGPIPE, SIG_IGN)
        let options: Options
        do throws(Options.Failure) {
            options = try Options(Array(CommandLine.arguments.dropFirst()))
        } catch {
            fail("\(error.message) (dtcl --help explains)")
        }
        let interruption = Interruption()
        // A script without commands and waits is over before this returns, on this very thread: no
        // other is ever started for it. @concurrent: what comes after a wait goes on elsewhere, as
        // this thread watches for signals then.
        let task = Task.immediate { @concurrent in
            exit(Int32(truncatingIfNeeded: await run(options, interruption)))
        }
        if options.job != .prompt { interruption.handle { task.cancel() } }
        interruption.watch()
    }

    private nonisolated(nonsending) static func run(
        _ options: Options, _ interruption: Interruption
    ) async -> Int {
        switch options.job {
        case .usage:
            Terminal.write(Usage.text)
            return 0
        case .version:
            Terminal.write("dtcl \(Usage.version)\n")
            return 0
        case .reference:
            Terminal.write(HelpPage.reference)
            return 0
        case .help(let words): return HelpPage.show(words)
        case .check(let files): return Check(isJSON: options.isJSON).run(files)
        case .format: fail("'format' is not available in this version")
        case .prompt:
            // Waiting for lines must leave the first thread free to watch for Ctrl-C.
            await Task.yield()
            return await PromptLoop(options, interruption).run()
        case .file(let path):
            do throws(InputFile.Failure) {
                let bytes = try InputFile.read(path)
                return await run(SourceText(bytes: bytes, name: path), options)
            } catch {
                fail(error.message)
            }
        case .standardInput:
            do throws(InputFile.Failure) {
                let bytes = try InputFile.readStandardInput()
                return await run(SourceText(bytes: bytes, name: "standard input"), options)
            } catch {
                fail(error.message)
            }
        case .text(let text): return await run(SourceText(text, name: "-c"), options)
        case nil: return 2
        }
    }

    private nonisolated(nonsending) static func run(_ source: SourceText, _ options: Options) async
        -> Int
    {
        let host = makeHost(options, options.isJSON ? JSONOutput() : TextOutput())
        let outcome = await host.run(source)
        Reporter(isJSON: options.isJSON).report(outcome, of: source)
        return outcome.exitStatus
    }

    static func makeHost(_ options: Options, _ output: any ScriptOutput) -> ScriptHost {
        let book = ServerBook(options.servers)
        let commands = makeCommands(book)
        var host = ScriptHost(
            table: UnderstudyCommands.table,
            router: ServerSession(directory: book, client: commands), output: output,
            environment: World.environment(arguments: options.arguments))
        host.globals = options.definitions.map { ($0.0, .text($0.1)) }
        host.timeoutSeconds = options.timeoutSeconds
        host.echoes = options.echoes
        host.readFile = World.readScript
        return host
    }

    static func makeCommands(_ book: ServerBook) -> ToolCommands {
        ToolCommands(
            book: book, table: UnderstudyCommands.table, statements: UnderstudyCommands.statements,
            version: "dtcl \(Usage.version)")
    }

    static func fail(_ message: String) -> Never {
        Terminal.write("dtcl: \(message)\n", to: .error)
        exit(2)
    }
}
