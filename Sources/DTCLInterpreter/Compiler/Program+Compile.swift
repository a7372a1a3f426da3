public import DTCLSyntax

extension Program {
    /// Compiles a script. With `after`, for a prompt: variables, procedures and included files of
    /// the lines before are known, and what they compiled to keeps its place.
    public static func compile(
        _ script: Script, options: CompileOptions = CompileOptions(), after previous: Program? = nil
    ) -> Compilation {
        var resolver = Resolver(
            options: options, sources: previous?.sources ?? [],
            includedFiles: previous?.includedFiles ?? [])
        resolver.add(script)
        var names = AssignedNames(previous?.globals ?? [])
        for name in options.globals { names.insert(name.lowercased()) }
        for section in resolver.sections { names.collect(section.statements) }
        let shared = CompileContext(
            options: options, program: previous ?? Program(), globals: names.names)
        shared.diagnostics = resolver.diagnostics
        shared.program.sources = resolver.sources
        shared.program.includedFiles = resolver.includedFiles
        shared.declareProcedures(resolver.sections)
        shared.compileAll(resolver.sections)
        if options.reportsWarnings, previous == nil, !resolver.hasErrors {
            shared.warn(
                resolver.sections, main: 0, given: options.globals.map { $0.lowercased() })
        }
        return shared.finish()
    }
}

/// What the functions of one program share while they are compiled.
final class CompileContext {
    let options: CompileOptions
    var program: Program
    let globalIndexes: [String: Int]
    var diagnostics: [FileDiagnostic] = []
    private var constantIndexes: [Constant: Int] = [:]
    /// By source, made when a line is asked for.
    private var lineTables: [Int: LineTable] = [:]
    /// Procedures of this compilation, by function index.
    private var procedures: [(index: Int, source: Int, declaration: Procedure)] = []

    init(options: CompileOptions, program: Program, globals: [String]) {
        self.options = options
        self.program = program
        var indexes: [String: Int] = [:]
        for (index, name) in globals.enumerated() { indexes[name] = index }
        globalIndexes = indexes
        self.program.globals = globals
        let firstNew = program.commandSites.count
        self.program.newCommandSites = firstNew..<firstNew
        if program.functions.isEmpty { self.program.functions = [Function(name: "")] }
        for (index, constant) in program.constants.enumerated() {
            constantIndexes[constant] = index
        }
    }

    /// Procedures can be called before the place where they are declared.
    func declareProcedures(_ sections: [Resolver.Section]) {
        var declared: Set<String> = []
        for section in sections {
            for statement in section.statements {
                guard case .procedure(let procedure) = statement.kind else { continue }
                let name = procedure.name.text
                if !declared.insert(name).inserted {
                    report(
                        .procedureRepeated, procedure.name.range, section.source,
                        procedure.name.spelling)
                    continue
                }
                // A new declaration at the prompt takes the place of the old one.
                let index = program.procedureIndexes[name] ?? program.functions.count
                if index == program.functions.count {
                    program.functions.append(Function(name: procedure.name.spelling))
                }
                program.procedureIndexes[name] = index
                program.functions[index].parameterCount = procedure.parameters.count
                program.functions[index].requiredCount =
                    procedure.parameters.firstIndex { $0.defaultValue != nil }
                    ?? procedure.parameters.count
                procedures.append((index, section.source, procedure))
            }
        }
    }

    func compileAll(_ sections: [Resolver.Section]) {
        let main = FunctionCompiler(self, topLevelNames: program.globals)
        for section in sections {
            main.source = section.source
            main.compile(section.statements)
        }
        program.functions[0] = main.finish(Function(name: ""))
        for procedure in procedures {
            let compiler = FunctionCompiler(self, procedure.declaration, source: procedure.source)
            program.functions[procedure.index] =
                compiler.finish(program.functions[procedure.index])
        }
        program.newCommandSites = program.newCommandSites.lowerBound..<program.commandSites.count
        check(program.functions.count, Int(UInt16.max), "procedures")
        check(program.commandSites.count, Int(UInt16.max), "commands")
        check(program.constants.count, Int(Int32.max), "constants")
    }

    func finish() -> Compilation {
        hideSecrets()
        let sorted = diagnostics.enumerated().sorted { left, right in
            let isSameFile = left.element.source.name == right.element.source.name
            if isSameFile,
                left.element.diagnostic.range.lower != right.element.diagnostic.range.lower
            {
                return left.element.diagnostic.range.lower < right.element.diagnostic.range.lower
            }
            return left.offset < right.offset
        }
        var result = Compilation(program: nil, diagnostics: sorted.map(\.element))
        if !result.hasErrors {
            program.code = CodeStorage(program.functions)
            result.program = program
        }
        return result
    }

    func line(of offset: UInt32, in source: Int) -> Int {
        let table = lineTables[source] ?? LineTable(program.sources[source])
        lineTables[source] = table
        return table.position(of: offset).line
    }

    func constant(_ constant: Constant) -> Int {
        if let index = constantIndexes[constant] { return index }
        let index = program.constants.count
        program.constants.append(constant)
        constantIndexes[constant] = index
        return index
    }

    func report(
        _ message: CompileMessage, _ range: SourceRange, _ source: Int, _ first: String = "",
        _ second: String = "", nearest: String? = nil
    ) {
        let diagnostic = message.diagnostic(at: range, first, second, nearest: nearest)
        let entry = FileDiagnostic(source: program.sources[source], diagnostic: diagnostic)
        if !diagnostics.contains(entry) { diagnostics.append(entry) }
    }

    func check(_ count: Int, _ limit: Int, _ what: String) {
        if count > limit {
            report(.programTooLarge, SourceRange(0, 0), program.sources.count - 1, what)
        }
    }
}
