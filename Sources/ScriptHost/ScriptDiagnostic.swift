import DTCLInterpreter
public import DTCLSyntax

/// A message about a script and the text that it is about.
public struct ScriptDiagnostic: Sendable, Hashable {
    public var source: SourceText
    public var diagnostic: Diagnostic

    init(source: SourceText, diagnostic: Diagnostic) {
        self.source = source
        self.diagnostic = diagnostic
    }

    init(_ entry: FileDiagnostic) {
        self.init(source: entry.source, diagnostic: entry.diagnostic)
    }
}
