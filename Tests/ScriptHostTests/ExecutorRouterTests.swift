import CommandModel
import CommandTable
import ScriptHost
import Testing

@Suite struct ExecutorRouterTests {
    private struct Server: CommandExecutor {
        func execute(
            _ request: CommandRequest, progress: @escaping @Sendable (CommandProgress) -> Void
        ) async throws(CommandError) -> CommandResult {
            CommandResult(value: .text(request.command))
        }
    }

    private func send(
        to destination: CommandDeclaration.Destination, _ machine: String? = nil
    ) async -> String {
        let declaration = CommandDeclaration("x", "X", to: destination, group: "", summary: "")
        var request = CommandRequest(command: "x")
        request.arguments["machine"] = machine.map { .text($0) }
        do throws(CommandError) {
            let router = ExecutorRouter(Server(), names: ["Alpha", "192.0.2.1"])
            guard
                case .result(let result) = try await router.execute(
                    request, of: declaration, progress: { _ in })
            else { return "end" }
            return result.value.text ?? "done"
        } catch {
            return "\(error.code)"
        }
    }

    @Test func `a script of a server speaks to that server only`() async {
        let toMachine = CommandDeclaration.Destination.machine(argument: "machine")
        #expect(await send(to: .source) == "x")
        #expect(await send(to: .target) == "x")
        #expect(await send(to: toMachine, "alpha") == "x")
        #expect(await send(to: toMachine, "beta") == "\(ErrorCode.noSuchServer.rawValue)")
        #expect(await send(to: .client, "localhost") == "done")
        #expect(await send(to: .client, "beta") == "\(ErrorCode.noSuchServer.rawValue)")
        #expect(await send(to: .client) == "\(ErrorCode.invalidCommand.rawValue)")
    }
}
