import CommandModel
import CommandTable
import ScriptHost
import Testing

@Suite struct ServerSessionTests {
    private struct Server: CommandExecutor {
        var name: String

        func execute(
            _ request: CommandRequest, progress: @escaping @Sendable (CommandProgress) -> Void
        ) async throws(CommandError) -> CommandResult {
            CommandResult(value: .text("\(name): \(request.command)"))
        }
    }

    private struct Directory: ServerDirectory {
        func executor(for machine: String) async throws(CommandError) -> any CommandExecutor {
            guard machine == "alpha" || machine == "beta" else {
                throw CommandError(.noSuchServer, "no server '\(machine)'")
            }
            return Server(name: machine)
        }
    }

    private struct Client: ClientCommands {
        func execute(
            _ request: CommandRequest, in session: ServerSession
        ) async throws(CommandError) -> CommandOutcome {
            await session.setSource(request.arguments["machine"]?.text ?? "")
            return .result(CommandResult())
        }

        func prepare(
            _ request: CommandRequest, for executor: any CommandExecutor,
            in session: ServerSession
        ) async throws(CommandError) -> CommandRequest {
            var prepared = request
            prepared.command += "!"
            return prepared
        }
    }

    private let session = ServerSession(directory: Directory(), client: Client())

    private func send(
        _ id: String, to destination: CommandDeclaration.Destination,
        _ arguments: CommandRecord = [:]
    ) async -> String {
        let declaration = CommandDeclaration(
            id, id.uppercased(), to: destination, group: "", summary: "")
        do throws(CommandError) {
            let request = CommandRequest(command: id, arguments: arguments)
            guard
                case .result(let result) = try await session.execute(
                    request, of: declaration, progress: { _ in })
            else { return "end" }
            return result.value.text ?? "done"
        } catch {
            return "\(error.code)"
        }
    }

    @Test func `commands go to the machine that SOURCE names`() async {
        #expect(await send("list", to: .source) == "\(ErrorCode.noSourceNamed.rawValue)")
        #expect(await send("pause", to: .target) == "\(ErrorCode.noTargetNamed.rawValue)")
        #expect(await send("source", to: .client, ["machine": .text("alpha")]) == "done")
        #expect(await send("list", to: .source) == "alpha: list!")
        await session.setTarget("beta")
        #expect(await send("pause", to: .target) == "beta: pause!")
    }

    @Test func `a command that names its machine goes there`() async {
        let toMachine = CommandDeclaration.Destination.machine(argument: "machine")
        #expect(await send("stop", to: toMachine, ["machine": .text("beta")]) == "beta: stop!")
        let unknown = await send("stop", to: toMachine, ["machine": .text("gamma")])
        #expect(unknown == "\(ErrorCode.noSuchServer.rawValue)")
    }
}
