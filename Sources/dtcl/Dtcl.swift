import CommandTable
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
            let job = CommandLine.arguments.dropFirst().first.flatMap(Subcommand.init(rawValue:))
            let name = job.map { "dtcl \($0.rawValue)" } ?? "dtcl"
            fail("\(error.message) (\(name) --help explains)")
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
        case .usage(let subcommand):
            Terminal.write(subcommand?.usage ?? Usage.text)
            return 0
        case .version:
            Terminal.write("dtcl \(Usage.version)\n")
            return 0
        case .reference:
            Terminal.write(HelpPage.reference)
            return 0
        case .help(let words): return HelpPage.show(words, options)
        case .check(let files): return Check(options: options).run(files)
        case .format(let files): return Format(options: options).run(files)
        case .languageServer: return EditorService.run()
        case .completion(let shell):
            Terminal.write(
                ShellCompletion.Shell(rawValue: shell).map(DtclTool.completion(for:)) ?? "")
            return 0
        case .manual(let page):
            Terminal.write(ManualPages.page(page) ?? "")
            return 0
        case .prompt:
            // Waiting for lines must leave the first thread free to watch for Ctrl-C.
            await Task.yield()
            return await PromptLoop(options, interruption).run()
        case .file(let path):
            do throws(InputFile.Failure) {
                let bytes = try InputFile.read(path)
                return await run(SourceText(bytes: bytes, name: path), options)
            } catch {
                let jobs = Subcommand.allCases.map(\.rawValue)
                let hint = NearestName.nearest(to: path, among: jobs)
                fail(error.message + (hint.map { ", did you mean 'dtcl \($0)'?" } ?? ""))
            }
        case .standardInput:
            do throws(InputFile.Failure) {
                let bytes = try InputFile.readStandardInput()
                return await run(SourceText(bytes: bytes, name: "standard input"), options)
            } catch {
                fail(error.message)
            }
        case .text(let text): return await run(SourceText(text, name: "-c"), options)
        }
    }

    private nonisolated(nonsending) static func run(_ source: SourceText, _ options: Options) async
        -> Int
    {
        let client = Client(options)
        let output: any ScriptOutput = options.isJSON ? JSONOutput() : TextOutput()
        let outcome = await client.host(output, client.session()).run(source)
        Reporter(isJSON: options.isJSON).report(outcome, of: source)
        return outcome.exitStatus
    }

    static func fail(_ message: String) -> Never {
        Terminal.write("dtcl: \(message)\n", to: .error)
        exit(2)
    }
}
