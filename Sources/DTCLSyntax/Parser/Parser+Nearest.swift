// Spellings that a person probably meant, as notes on messages.
extension Parser {
    /// The nearest of some words to the token that was got instead.
    func nearest(to token: Token, among words: [String]) -> [Diagnostic.Note] {
        guard token.kind == .word || token.kind == .identifier,
            let word = NearestName.nearest(to: text(token), among: words)
        else { return [] }
        return [Diagnostic.Note(message: "the nearest word is '\(word)'")]
    }

    /// A block word without a block often follows a statement whose first word was misspelt, which
    /// makes it a command.
    func misspeltOpener() -> [Diagnostic.Note] {
        guard gatheredStatements.count > 0,
            case .command(let command) = gatheredStatements.top.kind,
            let first = command.words.first, first.isKeywordCandidate,
            let word = NearestName.nearest(to: first.raw, among: Parser.openers)
        else { return [] }
        let message = "'\(first.raw)' is a command here; the nearest word is '\(word)'"
        return [Diagnostic.Note(range: first.range, message: message)]
    }

    private static let openers = ["IF", "WHILE", "FOR", "FOREACH", "TRY", "PROCEDURE"]
}
