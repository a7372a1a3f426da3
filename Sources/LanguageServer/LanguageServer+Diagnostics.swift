import CommandModel
import CommandTable
import DTCLInterpreter
import DTCLSyntax
import ScriptHost

// What is wrong with a document, and what would put it right.
extension LanguageServer {
    /// Every mistake that the host would find, and what is hardly meant, in the editor's shape.
    func diagnostics(of document: Document) -> [CommandValue] {
        host.check(document.source).compactMap { entry in
            if entry.source.name == document.name {
                return diagnostic(entry.diagnostic, in: document)
            }
            // What is odd in another file is said when that is open.
            return entry.diagnostic.severity == .error
                ? diagnostic(entry, includedBy: document) : nil
        }
    }

    /// Checks only; whatever it holds never runs.
    private var host: ScriptHost {
        let table = table
        var host = ScriptHost(table: table, router: NoRouter(), output: NoOutput())
        host.globals = globals.map { ($0, .none) }
        let open = Dictionary(
            documents.values.map { ($0.name, $0.source) }, uniquingKeysWith: { first, _ in first })
        let readFile = readFile
        host.readFile = { path in
            if let source = open[path] ?? readFile(path) { return .success(source) }
            return .failure(IncludeError("the file cannot be read"))
        }
        return host
    }

    private func diagnostic(_ diagnostic: Diagnostic, in document: Document) -> CommandValue {
        let hints = diagnostic.notes.filter { $0.range == nil || $0.isProposal }.map(\.message)
        let message = ([diagnostic.message] + hints).joined(separator: "\n")
        var fields = shape(
            document.index.range(diagnostic.range), diagnostic, message: message)
        let places = diagnostic.notes.filter { !$0.isProposal }.compactMap { note in
            note.range.map { related(note.message, document, $0) }
        }
        if !places.isEmpty { fields["relatedInformation"] = .list(places) }
        return .record(fields)
    }

    private func related(
        _ message: String, _ document: Document, _ range: SourceRange
    ) -> CommandValue {
        let location: CommandRecord = [
            "uri": .text(document.address), "range": document.index.range(range),
        ]
        return .record(["location": .record(location), "message": .text(message)])
    }

    /// About another file: shown where that is included.
    private func diagnostic(
        _ entry: ScriptDiagnostic, includedBy document: Document
    ) -> CommandValue {
        let place = LineTable(entry.source).position(of: entry.diagnostic.range.lower)
        let including = document.symbols.includes.first {
            includedPath($0.path, from: document) == entry.source.name
        }
        let range = including?.range ?? SourceRange(0, 0)
        let message = "\(entry.source.name):\(place): \(entry.diagnostic.message)"
        return .record(shape(document.index.range(range), entry.diagnostic, message: message))
    }

    private func shape(
        _ range: CommandValue, _ diagnostic: Diagnostic, message: String
    ) -> CommandRecord {
        var fields: CommandRecord = [
            "range": range, "severity": .integer(diagnostic.severity == .error ? 1 : 2),
            "code": .text(diagnostic.id), "source": .text(serverName), "message": .text(message),
        ]
        // What could go is shown paler.
        if Self.needless.contains(diagnostic.id) { fields["tags"] = .list([.integer(1)]) }
        return fields
    }

    private static let needless: Set = ["procedure-unused", "unreachable-code", "variable-unused"]

    /// A path in a script counts from the folder of the script.
    func includedPath(_ path: String, from document: Document) -> String {
        Self.resolve(path, from: document.name)
    }

    private static func resolve(_ path: String, from file: String) -> String {
        guard !path.hasPrefix("/"), let slash = file.lastIndex(of: "/") else { return path }
        return file[...slash] + path
    }

    // MARK: - Corrections

    /// The nearest spelling instead of a word that is not known.
    func corrections(_ document: Document, _ parameters: CommandRecord) -> CommandValue {
        let asked = parameters["context"]?.record?["diagnostics"]?.list ?? []
        return .list(asked.compactMap { correction(of: $0, in: document) })
    }

    private func correction(of diagnostic: CommandValue, in document: Document) -> CommandValue? {
        guard let record = diagnostic.record, let message = record["message"]?.text,
            let range = record["range"], let word = Self.proposal(in: message)
        else { return nil }
        let start = document.index.offset(of: range.record?["start"])
        let end = document.index.offset(of: range.record?["end"])
        guard start < end else { return nil }
        let old = document.text(SourceRange(UInt32(start), UInt32(end)))
        // A `$` or `(` that belongs to the name stays; words keep their case.
        var new = old == old.uppercased() || word != word.uppercased() ? word : word.lowercased()
        if old.hasPrefix("$"), !new.hasPrefix("$") { new = "$" + new }
        if old.hasSuffix("("), !new.hasSuffix("(") { new += "(" }
        let edit: CommandRecord = ["range": range, "newText": .text(new)]
        let changes: CommandRecord = CommandRecord([
            (document.address, .list([.record(edit)]))
        ])
        return .record([
            "title": .text("Change to '\(new)'"), "kind": .text("quickfix"),
            "diagnostics": .list([diagnostic]), "isPreferred": .boolean(true),
            "edit": .record(["changes": .record(changes)]),
        ])
    }

    private static func proposal(in message: String) -> String? {
        for line in message.split(separator: "\n") {
            if let word = Diagnostic.Note(message: String(line)).proposal { return word }
        }
        return nil
    }
}

extension Diagnostic.Note {
    /// The name in `did you mean '…'?` or `the nearest name is '…'`.
    fileprivate var proposal: String? {
        for start in ["did you mean '", "the nearest name is '", "the nearest word is '"]
        where message.hasPrefix(start) {
            let word = message.dropFirst(start.count).prefix { $0 != "'" }
            return word.isEmpty ? nil : String(word)
        }
        return nil
    }

    fileprivate var isProposal: Bool { proposal != nil }
}

/// Takes no command.
private struct NoRouter: CommandRouter {
    func execute(
        _ request: CommandRequest, of declaration: CommandDeclaration,
        progress: @escaping @Sendable (CommandProgress) -> Void
    ) async throws(CommandError) -> CommandOutcome {
        throw CommandError(.invalidCommand, "an editor's helper runs nothing")
    }
}
