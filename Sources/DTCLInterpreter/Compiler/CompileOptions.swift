public import DTCLSyntax

/// What the host knows when a script is compiled.
public struct CompileOptions {
    /// Variables that the host sets before the first run, such as `event`.
    public var globals: [String] = []
    /// How the words of a command are filled in, by index; the command table knows.
    public var treatment: (_ words: [Word]) -> [Int: WordTreatment] = { _ in [:] }
    /// Reads an included file. The name of the text it gives identifies the file.
    public var include: (_ path: String, _ from: String) -> Result<SourceText, IncludeError> = {
        _, _ in .failure(IncludeError("this host reads no other files"))
    }

    /// Whether to look for what is no error but hardly meant: for `dtcl check` and editors.
    public var reportsWarnings = false
    /// What the program tells the tracer of its machine.
    public var tracing = Tracing.off

    public init() {}
}

/// A way of filling in a word that differs from the usual one.
public enum WordTreatment: Sendable, Hashable {
    /// Secret: never filled in, so it has no value; see `Word.unfilledText`.
    case raw
    /// Split at blanks first and filled in after; its value is a list of texts.
    case split
}

public struct IncludeError: Error, Sendable, Hashable {
    public var message: String

    public init(_ message: String) {
        self.message = message
    }
}

/// A message and the text it is about.
public struct FileDiagnostic: Sendable, Hashable {
    public var source: SourceText
    public var diagnostic: Diagnostic
}

/// A program, when nothing was wrong, and every message of parser and compiler.
public struct Compilation: Sendable {
    public var program: Program?
    public var diagnostics: [FileDiagnostic]

    public var hasErrors: Bool { diagnostics.contains { $0.diagnostic.severity == .error } }
}
