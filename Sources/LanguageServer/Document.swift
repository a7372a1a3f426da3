import CommandModel
import CommandTable
import DTCLSyntax

/// A text that an editor has open, with what is known about it. Made anew at every change.
struct Document: Sendable {
    let address: String
    /// The file's path, or the address of what is no file.
    let name: String
    let version: CommandValue
    let index: TextIndex
    let script: Script
    let symbols: ScriptSymbols

    init(address: String, version: CommandValue, bytes: [UInt8]) {
        self.address = address
        self.version = version
        name = DocumentAddress.path(of: address) ?? address
        index = TextIndex(bytes)
        script = Script.parse(SourceText(bytes: bytes, name: name))
        symbols = ScriptSymbols(script)
    }

    var source: SourceText { script.source }

    /// - Parameter changes: as the editor gives them, each about the text that the one before left.
    func changed(_ changes: [CommandValue], version: CommandValue) -> Document {
        var bytes = index.bytes
        for change in changes.compactMap(\.record) {
            let new = Array((change["text"]?.text ?? "").utf8)
            guard let range = change["range"]?.record else {
                bytes = new
                continue
            }
            let index = TextIndex(bytes)
            let start = index.offset(of: range["start"])
            let end = max(start, index.offset(of: range["end"]))
            bytes.replaceSubrange(start..<end, with: new)
        }
        return Document(address: address, version: version, bytes: bytes)
    }

    /// The command line that holds the place, the innermost one.
    func command(at offset: Int) -> CommandWords? {
        script.commands.filter {
            Int($0.range.lower) <= offset && offset <= Int($0.range.upper)
        }.max { $0.range.lower < $1.range.lower }
    }

    /// The token at the place; of two that meet there, the one that begins there.
    func token(at offset: Int) -> Token? {
        let touching = script.tokens.filter {
            Int($0.range.lower) <= offset && offset <= Int($0.range.upper) && !$0.range.isEmpty
                && $0.kind != .lineEnd
        }
        return touching.last { Int($0.range.lower) == offset && $0.kind.isName } ?? touching.first
    }

    func text(_ range: SourceRange) -> String { source.text(in: range) }
}

extension TokenKind {
    var isName: Bool {
        switch self {
        case .word, .identifier, .number, .quotedText, .literalText, .variable: true
        default: false
        }
    }
}

extension TextIndex {
    /// A place as editors give it; the start of the text for what is none.
    func offset(of position: CommandValue?) -> Int {
        let record = position?.record
        return offset(
            line: Int(clamping: record?["line"]?.integer ?? 0),
            character: Int(clamping: record?["character"]?.integer ?? 0))
    }
}
