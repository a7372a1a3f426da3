import CommandModel

extension LanguageServer {
    /// What the server can do, as an editor wants to know first.
    var initialization: CommandValue {
        let synchronisation: CommandRecord = [
            "openClose": .boolean(true),
            // Pieces of a text, or all of it.
            "change": .integer(2),
        ]
        let completion: CommandRecord = [
            "triggerCharacters": .list([.text("$"), .text(" ")]),
            "resolveProvider": .boolean(false),
        ]
        let corrections: CommandRecord = ["codeActionKinds": .list([.text("quickfix")])]
        let capabilities: CommandRecord = [
            "positionEncoding": .text("utf-16"),
            "textDocumentSync": .record(synchronisation),
            "completionProvider": .record(completion),
            "hoverProvider": .boolean(true),
            "definitionProvider": .boolean(true),
            "referencesProvider": .boolean(true),
            "documentHighlightProvider": .boolean(true),
            "documentSymbolProvider": .boolean(true),
            "documentFormattingProvider": .boolean(true),
            "codeActionProvider": .record(corrections),
            "renameProvider": .record(["prepareProvider": .boolean(true)]),
            "signatureHelpProvider": .record(["triggerCharacters": .list([.text("("), .text(",")])]
            ),
        ]
        let information: CommandRecord = [
            "name": .text(serverName), "version": .text(serverVersion),
        ]
        return .record([
            "capabilities": .record(capabilities), "serverInfo": .record(information),
        ])
    }
}
