public import CommandModel
public import CommandTable
public import DTCLInterpreter
public import DTCLSyntax

/// Runs scripts: compiles them, binds their commands to a table, hands the commands to a router and
/// shows what comes back. It knows no particular command and no server.
public struct ScriptHost: Sendable {
    /// Made when the first command is met: most of the start of a script without any.
    public var table: @Sendable () -> CommandTable
    public var router: any CommandRouter
    public var output: any ScriptOutput
    public var limits: Limits
    public var environment: ScriptEnvironment
    /// Variables that are set before the script begins.
    public var globals: [(name: String, value: ScriptValue)] = []
    /// Longest time for a command in seconds, when the script sets none; nil for no limit.
    public var timeoutSeconds: Double?
    /// Longest time for a whole run in seconds, waits and commands included; nil for no limit. A
    /// script cannot catch its end.
    public var runSecondsMax: Double?
    /// Whether RUN may start other scripts, where the table has it.
    public var allowsRun = true
    /// What stands against running a script that somebody who reaches this program has named (see
    /// `ScriptObject.isTask`); nil: nothing. Asked before each run.
    public var taskObjection: @Sendable (ScriptObject) -> CommandError? = { _ in nil }
    /// What the names of environment variables of executables begin with.
    public var environmentPrefix = "UNDERSTUDY"
    /// The events that hooks may ask for, as far as they are declared.
    public internal(set) var events: [EventDeclaration] = [.hookFailed]
    /// What became of the scripts that RUN started.
    public var history = ScriptHistory()
    /// Where RUN finds `LUA:function`.
    var functions: (any LuaFunctionCaller)?
    /// Scripts that run one another.
    var runDepth = 0
    /// What a tracer is told; costs nothing while it is off.
    public var tracing = Tracing.off
    /// Gets the steps of a run.
    public var tracer: (any ScriptTracer)?
    /// Shows every command before it runs, whatever the script sets.
    public var echoes = false
    /// Reads a file for INCLUDE; the path is absolute or relative to the including file already.
    public var readFile: @Sendable (_ path: String) -> Result<SourceText, IncludeError> = { _ in
        .failure(IncludeError("this host reads no other files"))
    }

    public init(
        table: @autoclosure @escaping @Sendable () -> CommandTable, router: any CommandRouter,
        output: any ScriptOutput,
        limits: Limits = .person, environment: ScriptEnvironment = ScriptEnvironment()
    ) {
        self.table = table
        self.router = router
        self.output = output
        self.limits = limits
        self.environment = environment
    }

    /// Every mistake that can be found without running, and warnings of what is hardly meant. A
    /// file that says `# on EVENT` is read as a hook's.
    public func check(_ source: SourceText) -> [ScriptDiagnostic] {
        // The host's own event alone says that no program has declared any.
        let events = events.count > 1 ? events.map(\.name) : []
        return HookHeader.doubts(in: source, events: events)
            .map { ScriptDiagnostic(source: source, diagnostic: $0) }
            + prepare(
                source, after: nil, isForEvents: HookHeader.stands(in: source),
                reportsWarnings: true
            ).diagnostics
    }

    /// Compiles, binds and runs a script from its beginning. Cancelling the task interrupts it.
    public nonisolated(nonsending) func run(_ source: SourceText) async -> ScriptOutcome {
        let compilation = compile(source)
        guard let program = compilation.program else { return .rejected(compilation.diagnostics) }
        return await run(program)
    }
}

/// A compiled text with its commands bound.
struct PreparedScript {
    /// nil when there is an error anywhere.
    var program: Program?
    /// One for each of the program's new command sites.
    var commands: [BoundCommand]
    var diagnostics: [ScriptDiagnostic]
}

extension ScriptHost {
    func prepare(
        _ source: SourceText, after previous: Program?, isForEvents: Bool = false,
        reportsWarnings: Bool = false
    ) -> PreparedScript {
        let script = Script.parse(source)
        var options = CompileOptions()
        options.reportsWarnings = reportsWarnings
        options.globals = globals.map(\.name) + (isForEvents ? [ScriptHost.eventVariable] : [])
        options.treatment = { words in treatments(of: words) }
        options.tracing = tracer == nil ? .off : tracing
        options.include = { path, from in readFile(ScriptHost.resolve(path, from: from)) }
        let compilation = Program.compile(script, options: options, after: previous)
        var prepared = PreparedScript(
            program: compilation.program, commands: [],
            diagnostics: compilation.diagnostics.map { ScriptDiagnostic($0) })
        if let program = compilation.program {
            for site in program.commandSites[program.newCommandSites] {
                bind(site.words, site.range, site.source, &prepared)
            }
        } else {
            // The text does not compile, so that only its own commands are known.
            for command in script.commands {
                bind(command.words, command.range, source, &prepared)
            }
        }
        if prepared.diagnostics.contains(where: { $0.diagnostic.severity == .error }) {
            prepared.program = nil
        }
        prepared.diagnostics = ScriptHost.sorted(prepared.diagnostics)
        return prepared
    }

    private func bind(
        _ words: [Word], _ range: SourceRange, _ source: SourceText,
        _ prepared: inout PreparedScript
    ) {
        let binding = table().bind(words, range: range)
        if let command = binding.command { prepared.commands.append(command) }
        let secrets = binding.treatments.filter { $0.value == .raw }.map { words[$0.key].range }
        for diagnostic in binding.diagnostics {
            prepared.diagnostics.append(
                ScriptDiagnostic(source: source, diagnostic: diagnostic, secrets: secrets))
        }
    }

    private func treatments(of words: [Word]) -> [Int: WordTreatment] {
        guard let first = words.first, let last = words.last else { return [:] }
        return table().bind(words, range: first.range.union(last.range)).treatments.mapValues {
            switch $0 {
            case .raw: .raw
            case .split: .split
            }
        }
    }

    /// By place within a file; files in the order in which they were met.
    private static func sorted(_ diagnostics: [ScriptDiagnostic]) -> [ScriptDiagnostic] {
        var files: [String] = []
        for entry in diagnostics where !files.contains(entry.source.name) {
            files.append(entry.source.name)
        }
        return files.flatMap { file in
            diagnostics.filter { $0.source.name == file }
                .sorted { $0.diagnostic.range.lower < $1.diagnostic.range.lower }
        }
    }

    /// A path in a script counts from the folder of the script.
    static func resolve(_ path: String, from file: String) -> String {
        guard !path.hasPrefix("/"), let slash = file.lastIndex(of: "/") else { return path }
        return file[...slash] + path
    }
}
