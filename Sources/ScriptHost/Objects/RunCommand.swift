public import CommandModel
public import CommandTable

/// RUN: the one door from a script to programs of this machine. The host carries it out itself;
/// whoever wants scripts to have it puts its declaration into the table, and `ScriptHost.allowsRun`
/// closes the door again.
public enum RunCommand {
    public static let declaration = CommandDeclaration(
        "run", "RUN",
        .all(
            .value("script", .file),
            .anyOrder(
                .all(
                    .word("ARGs"), .maybe(.sign(.equals)),
                    .value("arguments", .programArguments)),
                .all(.word("TIMEout"), .value("timeout", .duration, shown: "time")))),
        to: .local, group: "Scripts, hooks, schedules",
        summary: "runs another script: .dtcl, .lua or anything executable",
        details: "A relative path counts from the folder of the script. An executable gets no "
            + "input; it and what it started are ended when its time is over.",
        answer: "a record with `outcome`, `status`, `output`, `seconds` and the script's `value`",
        examples: [
            .init("run \"/opt/backup/quiesce\" args \"vol1 keep7\" timeout 10 minutes")
        ])

    /// Scripts that run scripts that run scripts.
    static let depthMax = 16

    /// A table may hold a command of its own by that name, for a server.
    static func isMeant(by declaration: CommandDeclaration) -> Bool {
        declaration.id == RunCommand.declaration.id && declaration.destination == .local
    }

    /// - Parameter shows: whether what the script says is shown, too.
    static func run(
        _ request: CommandRequest, _ host: ScriptHost, shows: Bool
    ) async throws(CommandError) -> CommandResult {
        guard host.allowsRun else {
            throw CommandError(.scriptsClosed, "this host runs no other scripts")
        }
        guard host.runDepth < depthMax else {
            throw CommandError(
                .scriptFailed, "scripts run one another, \(depthMax) deep")
        }
        var inner = host
        inner.runDepth += 1
        inner.globals = []
        if !shows { inner.output = NoOutput() }
        var object = try ScriptObject.named(
            request.arguments["script"]?.text ?? "", in: folder(of: request.origin))
        object.arguments = (request.arguments["arguments"]?.list ?? []).map { $0.text ?? "" }
        object.timeoutSeconds = nil
        if case .decimal(let seconds)? = request.arguments["timeout"], seconds > 0 {
            object.timeoutSeconds = seconds
        }
        var runner = ScriptRunner(inner, history: host.history)
        runner.functions = host.functions
        let report = await runner.run(object)
        if let error = failure(report) { throw error }
        return CommandResult(value: .record(report.record))
    }

    /// A run that was no good one as the failure of the command that asked for it.
    static func failure(_ report: ScriptReport) -> CommandError? {
        guard !report.isGood else { return nil }
        let code: ErrorCode =
            switch report.outcome {
            case .timedOut: .timedOut
            case .interrupted: .interrupted
            case .notStarted: .scriptNotStarted
            default: .scriptFailed
            }
        // What went wrong inside a script names the file already.
        let isNamed = report.message.hasPrefix("\(report.name):")
        return CommandError(code, isNamed ? report.message : "\(report.name): \(report.message)")
    }

    /// Of the script that says RUN, where it is a file.
    private static func folder(of origin: String) -> String? {
        guard let colon = origin.firstIndex(of: ":"),
            let slash = origin.lastIndex(of: "/"), slash > colon
        else { return nil }
        return String(origin[origin.index(after: colon)..<slash])
    }
}

/// Shows nothing.
public struct NoOutput: ScriptOutput {
    public init() {}

    public func write(_ line: String, toError: Bool) {}
    public func succeeded(
        _ result: CommandResult, of declaration: CommandDeclaration, isTaken: Bool
    ) {}
    public func failed(_ error: CommandError, of declaration: CommandDeclaration) {}
    public func echo(_ command: String) {}
    public func progress(_ progress: CommandProgress) {}
    public func progressEnded() {}
}
