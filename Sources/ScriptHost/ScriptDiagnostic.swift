import DTCLInterpreter
public import DTCLSyntax

/// A message about a script and the text that it is about.
public struct ScriptDiagnostic: Sendable, Hashable {
    public var source: SourceText
    public var diagnostic: Diagnostic
    /// Secret words in the text near it.
    private var secrets: [SourceRange]

    init(source: SourceText, diagnostic: Diagnostic, secrets: [SourceRange] = []) {
        self.source = source
        self.diagnostic = diagnostic
        self.secrets = secrets
    }

    /// The text with stars for secrets, for showing lines of it.
    public var shownSource: SourceText {
        guard !secrets.isEmpty else { return source }
        var bytes = source.bytes
        for secret in secrets {
            for offset in Int(secret.lower)..<min(Int(secret.upper), bytes.count) {
                bytes[offset] = UInt8(ascii: "*")
            }
        }
        return SourceText(bytes: bytes, name: source.name)
    }

    init(_ entry: FileDiagnostic) {
        self.init(source: entry.source, diagnostic: entry.diagnostic)
    }
}
