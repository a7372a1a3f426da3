import DTCLSyntax

/// Names that statements set: the variables of a top level or of a procedure.
struct AssignedNames {
    private(set) var names: [String] = []
    private var known: Set<String> = []

    init(_ names: [String] = []) {
        for name in names { insert(name) }
    }

    mutating func insert(_ name: String) {
        if !name.isEmpty, known.insert(name).inserted { names.append(name) }
    }

    mutating func collect(_ statements: [Statement]) {
        for statement in statements { collect(statement.kind) }
    }

    private mutating func collect(_ kind: Statement.Kind) {
        switch kind {
        case .assignment(let target, _): insert(target.name.text)
        case .conditional(let branches, let otherwise):
            for branch in branches { collect(branch.body) }
            collect(otherwise)
        case .whileLoop(_, let body): collect(body)
        case .forLoop(let loop):
            insert(loop.variable.text)
            collect(loop.body)
        case .forEachLoop(let loop):
            insert(loop.first.text)
            if let second = loop.second { insert(second.text) }
            collect(loop.body)
        case .attempt(let body, let errorName, let handler):
            collect(body)
            if let errorName { insert(errorName.text) }
            collect(handler)
        case .command, .call, .breakLoop, .continueLoop, .returnValue, .exit, .procedure, .include,
            .write, .wait, .setOption, .remark, .invalid:
            break
        }
    }
}

/// Reads included files, each once, and lays all top levels out in the order in which they run.
struct Resolver {
    struct Section {
        var source: Int
        var statements: [Statement]
    }

    let options: CompileOptions
    var sources: [SourceText]
    var includedFiles: Set<String>
    var sections: [Section] = []
    var diagnostics: [FileDiagnostic] = []
    /// Files that are being read, outermost first.
    private var openFiles: [String] = []

    var hasErrors: Bool { diagnostics.contains { $0.diagnostic.severity == .error } }

    init(options: CompileOptions, sources: [SourceText], includedFiles: Set<String>) {
        self.options = options
        self.sources = sources
        self.includedFiles = includedFiles
    }

    mutating func add(_ script: Script) {
        let index = sources.count
        sources.append(script.source)
        openFiles.append(script.source.name)
        for diagnostic in script.diagnostics {
            diagnostics.append(FileDiagnostic(source: script.source, diagnostic: diagnostic))
        }
        var statements: [Statement] = []
        for statement in script.statements {
            if case .include(let path, let range) = statement.kind {
                sections.append(Section(source: index, statements: statements))
                statements = []
                include(path, range, from: script.source)
            } else {
                statements.append(statement)
            }
        }
        sections.append(Section(source: index, statements: statements))
        openFiles.removeLast()
    }

    private mutating func include(_ path: String, _ range: SourceRange, from source: SourceText) {
        switch options.include(path, source.name) {
        case .failure(let error):
            report(.includeFailed, range, path, error.message, in: source)
        case .success(let text):
            if openFiles.contains(text.name) {
                report(.includeCycle, range, path, "", in: source)
            } else if includedFiles.insert(text.name).inserted {
                add(Script.parse(text))
            }
        }
    }

    private mutating func report(
        _ message: CompileMessage, _ range: SourceRange, _ first: String, _ second: String,
        in source: SourceText
    ) {
        let diagnostic = message.diagnostic(at: range, first, second)
        diagnostics.append(FileDiagnostic(source: source, diagnostic: diagnostic))
    }
}
