import CommandModel
public import CommandTable
import DTCLInterpreter
public import DTCLSyntax
import ScriptHost

/// Serves editors: says what is wrong with a script while it is typed, completes, explains, finds
/// and lays out. Bytes in, bytes out; it reads no file by itself and has no thread.
///
/// It knows no particular command: a program with commands of its own gives its own table.
public struct LanguageServer: Sendable {
    /// Reads a file that is not open, for INCLUDE; nil where it cannot.
    public typealias ReadFile = @Sendable (_ path: String) -> SourceText?

    enum Phase {
        case new
        case running
        case closed
        case ended(status: Int)
    }

    let table: CommandTable
    let serverName: String
    let serverVersion: String
    let globals: [String]
    let readFile: ReadFile
    var documents: [String: Document] = [:]
    var phase = Phase.new
    private var framing = MessageFraming()
    private var output: [UInt8] = []

    /// - Parameters:
    ///   - name: what editors show.
    ///   - globals: variables that scripts may read without setting them, such as `event`.
    public init(
        table: CommandTable, name: String = "dtcl", version: String = "",
        globals: [String] = ["event"], readFile: @escaping ReadFile = { _ in nil }
    ) {
        self.table = table
        serverName = name
        serverVersion = version
        self.globals = globals
        self.readFile = readFile
    }

    /// The status to end with, once the editor has said so.
    public var exitStatus: Int? {
        if case .ended(let status) = phase { status } else { nil }
    }

    /// Takes what the editor has sent, in pieces of any size.
    /// - Returns: what to send back.
    public mutating func take(_ input: some Sequence<UInt8>) -> [UInt8] {
        for piece in framing.take(input) where exitStatus == nil {
            switch piece {
            case .broken(let reason):
                answer(error: .parseError, reason)
            case .message(let bytes): handle(bytes)
            }
        }
        defer { output = [] }
        return output
    }

    /// Serves until the editor says that it ends, or is gone.
    /// - Parameters:
    ///   - read: waits for bytes; empty when there will be none.
    ///   - write: sends bytes; false when nobody takes them.
    /// - Returns: the exit status.
    public mutating func run(
        read: () -> [UInt8], write: ([UInt8]) -> Bool
    ) -> Int {
        while true {
            let input = read()
            guard !input.isEmpty else { return 1 }
            let output = take(input)
            if !output.isEmpty, !write(output) { return 1 }
            if let exitStatus { return exitStatus }
        }
    }

    // MARK: - Messages

    enum Failure: Int64 {
        case parseError = -32_700
        case invalidRequest = -32_600
        case methodNotFound = -32_601
        case invalidParameters = -32_602
        case notInitialized = -32_002
    }

    private mutating func handle(_ bytes: [UInt8]) {
        let value: CommandValue
        do {
            value = try JSONReader.value(of: bytes)
        } catch {
            answer(error: .parseError, "\(error.message), at byte \(error.offset)")
            return
        }
        guard let message = value.record else {
            answer(error: .invalidRequest, "expected one message")
            return
        }
        guard let method = message["method"]?.text else {
            // An answer to a question; none is asked.
            if message["result"] == nil, message["error"] == nil {
                answer(error: .invalidRequest, "the message has no method", to: message["id"])
            }
            return
        }
        let parameters = message["params"]?.record ?? [:]
        if let id = message["id"] {
            answer(method, parameters, to: id)
        } else {
            note(method, parameters)
        }
    }

    private mutating func answer(
        _ method: String, _ parameters: CommandRecord, to id: CommandValue
    ) {
        switch (phase, method) {
        case (.new, "initialize"):
            phase = .running
            answer(initialization, to: id)
        case (.new, _):
            answer(error: .notInitialized, "the server waits for 'initialize'", to: id)
        case (.running, "shutdown"):
            phase = .closed
            documents = [:]
            answer(.none, to: id)
        case (.running, _):
            guard let work = Self.requests[method] else {
                answer(error: .methodNotFound, "'\(method)' is not known here", to: id)
                return
            }
            guard let document = document(parameters) else {
                answer(
                    error: .invalidParameters, "'\(method)' names no document that is open", to: id)
                return
            }
            answer(work(self)(document, parameters), to: id)
        case (.closed, _), (.ended, _):
            answer(error: .invalidRequest, "the server is shut down", to: id)
        }
    }

    /// What can be asked about a document.
    private static let requests:
        [String: @Sendable (LanguageServer) -> (Document, CommandRecord) -> CommandValue] = [
            "textDocument/codeAction": { $0.corrections },
            "textDocument/completion": { $0.completion },
            "textDocument/definition": { $0.definition },
            "textDocument/documentHighlight": { $0.highlights },
            "textDocument/documentSymbol": { $0.outline },
            "textDocument/formatting": { $0.formatting },
            "textDocument/hover": { $0.hover },
            "textDocument/prepareRename": { $0.renamed },
            "textDocument/references": { $0.references },
            "textDocument/rename": { $0.rename },
            "textDocument/signatureHelp": { $0.signature },
        ]

    private mutating func note(_ method: String, _ parameters: CommandRecord) {
        if method == "exit" {
            if case .closed = phase { phase = .ended(status: 0) } else { phase = .ended(status: 1) }
            return
        }
        guard case .running = phase else { return }
        switch method {
        case "textDocument/didOpen": open(parameters)
        case "textDocument/didChange": change(parameters)
        case "textDocument/didClose": close(parameters)
        default: break
        }
    }

    // MARK: - Documents

    private func document(_ parameters: CommandRecord) -> Document? {
        (parameters["textDocument"]?.record?["uri"]?.text).flatMap { documents[$0] }
    }

    private mutating func open(_ parameters: CommandRecord) {
        guard let record = parameters["textDocument"]?.record, let address = record["uri"]?.text,
            let text = record["text"]?.text
        else { return }
        documents[address] = Document(
            address: address, version: record["version"] ?? .none, bytes: Array(text.utf8))
        publishAll(after: address)
    }

    private mutating func change(_ parameters: CommandRecord) {
        guard let document = document(parameters),
            let changes = parameters["contentChanges"]?.list
        else { return }
        let version = parameters["textDocument"]?.record?["version"] ?? .none
        documents[document.address] = document.changed(changes, version: version)
        publishAll(after: document.address)
    }

    private mutating func close(_ parameters: CommandRecord) {
        guard let document = document(parameters) else { return }
        documents[document.address] = nil
        publish([], about: document)
        publishAll(after: "")
    }

    /// The document that has changed, and those that may include it.
    private mutating func publishAll(after address: String) {
        for document in documents.values.sorted(by: { $0.address < $1.address })
        where document.address == address || !document.symbols.includes.isEmpty {
            publish(diagnostics(of: document), about: document)
        }
    }

    private mutating func publish(_ diagnostics: [CommandValue], about document: Document) {
        var fields: CommandRecord = ["uri": .text(document.address)]
        if document.version != .none { fields["version"] = document.version }
        fields["diagnostics"] = .list(diagnostics)
        send([
            "jsonrpc": .text("2.0"), "method": .text("textDocument/publishDiagnostics"),
            "params": .record(fields),
        ])
    }

    // MARK: - Sending

    private mutating func answer(_ result: CommandValue, to id: CommandValue) {
        send(["jsonrpc": .text("2.0"), "id": id, "result": result])
    }

    private mutating func answer(error: Failure, _ message: String, to id: CommandValue? = nil) {
        let failure: CommandRecord = [
            "code": .integer(error.rawValue), "message": .text(message),
        ]
        send(["jsonrpc": .text("2.0"), "id": id ?? .none, "error": .record(failure)])
    }

    private mutating func send(_ message: CommandRecord) {
        output += MessageFraming.frame(Array(JSONWriter.text(of: .record(message)).utf8))
    }
}
