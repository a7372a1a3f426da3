package import CommandModel
package import CommandTable
package import ScriptHost

/// The commands that a tool answers itself, and what it does before others go to a server.
package struct ToolCommands: ClientCommands {
    private let book: ServerBook
    private let table: @Sendable () -> CommandTable
    private let statements: [(usage: String, summary: String)]
    /// The tool's name and version.
    private let version: String
    private let credentials: CredentialSource

    package init(
        book: ServerBook, table: @autoclosure @escaping @Sendable () -> CommandTable,
        statements: [(usage: String, summary: String)],
        version: String, credentials: CredentialSource
    ) {
        self.book = book
        self.table = table
        self.statements = statements
        self.version = version
        self.credentials = credentials
    }

    package func execute(
        _ request: CommandRequest, in session: ServerSession
    ) async throws(CommandError) -> CommandOutcome {
        let machine = request.arguments["machine"]?.text ?? ""
        switch request.command {
        case "login": return .result(try await login(machine, request))
        case "logout":
            let named = request.arguments["machine"]?.text
            let client: ControlClient? =
                if let named { try await book.client(for: named) } else { nil }
            await book.set(client, isOpen: false)
            return .result(CommandResult())
        case "source":
            _ = try await book.executor(for: machine)
            await session.setSource(machine)
            return .result(CommandResult())
        case "target":
            await session.setTarget(machine)
            return .result(CommandResult())
        case "ping":
            let record = try await book.record(of: book.client(for: machine))
            return .result(CommandResult(lines: [pingLine(machine, record)]))
        case "servers": return .result(await servers())
        case "version": return .result(try await version(of: request.arguments["machine"]?.text))
        case "pair":
            let source = try await book.client(for: request.arguments["source"]?.text ?? "")
            let target = try await book.client(for: request.arguments["target"]?.text ?? "")
            try await pair(source, target, origin: request.origin)
            return .result(CommandResult())
        case "help":
            let words = (request.arguments["topic"]?.list ?? []).compactMap(\.text)
            return .result(CommandResult(lines: try help(on: words)))
        case "quit": return .end(exitStatus: 0)
        default:
            throw CommandError(.invalidCommand, "'\(request.command)' is not available here")
        }
    }

    // MARK: Servers

    /// A server that asks for a password checks it; others know callers by the account that the
    /// socket tells, and then nothing else is looked for, asked or sent.
    private func login(
        _ machine: String, _ request: CommandRequest
    ) async throws(CommandError) -> CommandResult {
        let client = try await book.client(for: machine)
        let record = try await book.record(of: client)
        let access: Int
        var notes: [String] = []
        if record["login"]?.text == "password" {
            access = try await sendPassword(to: client, machine, request)
        } else {
            access = Int(clamping: record["access"]?.integer ?? 0)
            if request.arguments["user"] != nil {
                notes = [
                    "'\(machine)' knows callers by their account on this machine: "
                        + "user and password were not used"
                ]
            }
        }
        await book.set(client, isOpen: true)
        let word = ["DT_NO_ACCESS", "DT_MONITOR_ACCESS", "DT_FULL_ACCESS"][max(0, min(access, 2))]
        return CommandResult(
            value: .integer(Int64(access)), lines: ["User access level set to \(word)"] + notes)
    }

    private func sendPassword(
        to client: ControlClient, _ machine: String, _ request: CommandRequest
    ) async throws(CommandError) -> Int {
        var login = CommandRequest(command: "login", origin: request.origin)
        login.arguments["user"] = request.arguments["user"]
        login.arguments["password"] = request.arguments["password"]
        login.arguments["domain"] = request.arguments["domain"]
        if login.arguments["password"] == nil {
            do throws(CredentialSource.Failure) {
                let found = try await credentials.find(
                    machine: machine, user: login.arguments["user"]?.text)
                login.arguments["user"] = .text(found.user)
                login.arguments["password"] = .text(found.password)
            } catch {
                throw CommandError(.insufficientAccess, error.message)
            }
        }
        let result = try await client.execute(login) { _ in }
        return Int(clamping: result.value.integer ?? 0)
    }

    private func pingLine(_ machine: String, _ record: CommandRecord) -> String {
        let name = record["name"]?.text ?? machine
        return "\(name) answers, version \(record["version"]?.text ?? "unknown")"
    }

    private func servers() async -> CommandResult {
        var lines: [String] = []
        var list: [CommandValue] = []
        for entry in await book.entries() {
            var fields: CommandRecord = [
                "name": .text(entry.name), "control": .text("\(entry.client.address)"),
            ]
            do throws(CommandError) {
                let record = try await book.record(of: entry.client)
                fields["reachable"] = .boolean(true)
                for name in ["address", "port", "version", "access"] { fields[name] = record[name] }
            } catch {
                fields["reachable"] = .boolean(false)
                fields["reason"] = .text(error.message)
            }
            lines.append(Self.serverLine(fields))
            list.append(.record(fields))
        }
        if list.isEmpty { lines = ["No servers are known."] }
        return CommandResult(value: .list(list), lines: lines)
    }

    private static func serverLine(_ fields: CommandRecord) -> String {
        let isReachable = fields["reachable"]?.boolean == true
        let level = Int(clamping: fields["access"]?.integer ?? 0)
        let access = ["no access", "monitor", "full"][max(0, min(level, 2))]
        let columns = [
            (fields["name"]?.text ?? "", 24),
            (isReachable ? "reachable" : "not reachable", 15),
            (isReachable ? access : "", 11),
            (fields["version"]?.text ?? "", 12),
        ]
        var line = ""
        for (text, width) in columns {
            line += text + String(repeating: " ", count: max(1, width - text.count))
        }
        return line + (fields["address"]?.text ?? fields["control"]?.text ?? "")
    }

    private func version(of machine: String?) async throws(CommandError) -> CommandResult {
        guard let machine else {
            return CommandResult(value: .text(version), lines: [version])
        }
        let record = try await book.record(of: book.client(for: machine))
        let text = record["version"]?.text ?? "unknown"
        return CommandResult(
            value: .text(text), lines: ["\(record["name"]?.text ?? machine) \(text)"])
    }

    // MARK: Before a command

    /// The scripts of a connection are kept by its target, whose administrator allows them: it is
    /// asked directly.
    package func machine(
        for request: CommandRequest, in session: ServerSession
    ) async throws(CommandError) -> String? {
        guard Self.isAboutTarget(request.command) else { return nil }
        if let target = request.arguments["target"]?.text { return target }
        guard let source = await session.source else {
            throw CommandError(
                .noSourceNamed,
                "no source machine has been named, use 'SOURCE machine' first, or ON target")
        }
        let connection = request.arguments["connection"] ?? .none
        let status = try await book.executor(for: source).execute(
            CommandRequest(
                command: "status", arguments: ["connection": connection], origin: request.origin),
            progress: { _ in })
        guard let name = status.value.record?["target"]?.text else {
            throw CommandError(
                .unknown, "server '\(source)' does not say where the connection goes")
        }
        do throws(CommandError) {
            _ = try await book.client(for: name)
        } catch {
            throw CommandError(
                .noSuchServer,
                "the connection's target '\(name)' keeps its scripts, and \(error.message)")
        }
        return name
    }

    private static func isAboutTarget(_ command: String) -> Bool {
        ["script.add", "script.delete", "script.list"].contains(command)
    }

    /// A target counts the connections of each source: it is told which source is meant.
    private func namingSource(
        _ request: CommandRequest, in session: ServerSession
    ) async -> CommandRequest {
        guard let source = await session.source else { return request }
        var prepared = request
        let record = try? await book.record(of: book.client(for: source))
        prepared.arguments["source"] = record?["serverID"] ?? .text(source)
        return prepared
    }

    /// CONNECT first makes both servers known to each other. A target that cannot be reached from
    /// here may be known to the source from before, so that the source has the last word.
    package func prepare(
        _ request: CommandRequest, for executor: any CommandExecutor, in session: ServerSession
    ) async throws(CommandError) -> CommandRequest {
        if Self.isAboutTarget(request.command) {
            return await namingSource(request, in: session)
        }
        // A plan changes nothing, so it introduces nobody.
        guard request.command == "connect", request.arguments["plan"]?.boolean != true,
            let source = executor as? ControlClient,
            let machine = request.arguments["target"]?.text,
            let target = try? await book.client(for: machine),
            let record = try? await book.record(of: target)
        else { return request }
        try await pair(source, target, origin: request.origin)
        var prepared = request
        if let name = record["name"] { prepared.arguments["target"] = name }
        return prepared
    }

    private func pair(
        _ source: ControlClient, _ target: ControlClient, origin: String
    ) async throws(CommandError) {
        let ends = [source, target]
        var records: [CommandRecord] = []
        for client in ends {
            var record = try await book.record(of: client)
            record["access"] = nil
            records.append(record)
        }
        for (client, other) in zip(ends, records.reversed()) {
            let request = CommandRequest(command: "pair", arguments: other, origin: origin)
            _ = try await client.execute(request) { _ in }
        }
    }

    // MARK: Help

    /// What HELP followed by these words shows.
    package func help(on words: [String]) throws(CommandError) -> [String] {
        guard let first = words.first else { return overview() }
        let lines = table().help(on: words)
        if !lines.isEmpty { return lines }
        let wanted = first.uppercased()
        let found = statements.filter { $0.usage.split(separator: " ").contains { $0 == wanted } }
        if !found.isEmpty { return found.flatMap { [$0.usage, "    \($0.summary)"] } }
        if let entry = LanguageReference.entry(for: first) {
            return [entry.usage, "    \(entry.summary)"]
        }
        let hint = table().nearestCommand(to: first).map { ", did you mean '\($0)'?" } ?? ""
        throw CommandError(.invalidParameter, "there is no command '\(first)'\(hint)")
    }

    private func overview() -> [String] {
        var lines = table().overview() + ["", "Statements"]
        for statement in statements { lines.append("  \(statement.usage)") }
        return lines + ["", "HELP followed by a command explains it."]
    }
}
