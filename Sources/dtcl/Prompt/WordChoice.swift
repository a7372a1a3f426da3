import CommandTable
import ToolKit

/// The words that go on as one was begun, and what to make of them.
struct WordChoice {
    struct Word: Hashable {
        enum Kind {
            case keyword
            case variable
            /// With its opening bracket.
            case function
            case data
            /// More of the same word can follow.
            case folder
        }

        var text: String
        var kind: Kind

        init(_ text: String, _ kind: Kind) {
            self.text = text
            self.kind = kind
        }
    }

    private let typed: String
    private let quote: Character?
    private let fitting: [Word]

    /// More are counted instead of named.
    private static let shownMax = 120

    /// - Parameter quote: what stands before the word, when it is a text.
    init(_ answer: ScriptCompletion.Answer, quote: Character?, _ words: [Word]) {
        typed = answer.typed
        self.quote = quote
        var seen: Set<Word> = []
        fitting = words.filter { word in
            let isData = word.kind == .data || word.kind == .folder
            let fits =
                isData
                ? word.text.hasPrefix(answer.typed)
                : word.text.lowercased().hasPrefix(answer.typed.lowercased())
            return fits && seen.insert(word).inserted
        }
    }

    var completion: LineAdvice.Completion {
        guard let first = fitting.first else { return LineAdvice.Completion() }
        if fitting.count == 1 { return replaced(first.text, first.kind, isWhole: true) }
        let common = fitting.dropFirst().reduce(first.text) { common, word in
            String(zip(common, word.text).prefix { $0.lowercased() == $1.lowercased() }.map(\.0))
        }
        if common.count > typed.count { return replaced(common, first.kind, isWhole: false) }
        let shown = fitting.map { $0.kind == .variable ? "$" + $0.text : $0.text }
        return LineAdvice.Completion(lines: Columns.lines(shown, max: WordChoice.shownMax))
    }

    private func replaced(
        _ text: String, _ kind: Word.Kind, isWhole: Bool
    ) -> LineAdvice.Completion {
        var completion = LineAdvice.Completion(removed: typed.unicodeScalars.count, inserted: text)
        switch kind {
        case .function: break
        // Within a text, or before a field.
        case .variable: if isWhole, quote == nil { completion.inserted += " " }
        case .keyword: if isWhole { completion.inserted += " " }
        case .data, .folder:
            let opening = quote == nil ? WordChoice.quote(for: text).map(String.init) ?? "" : ""
            let closing = quote.map(String.init) ?? opening
            let isEnd = isWhole && kind == .data
            completion.inserted = opening + text + (isEnd ? closing + " " : "")
        }
        return completion
    }

    /// The quotes that a text needs to be one word of data; nil for none.
    private static func quote(for text: String) -> Character? {
        if text.contains(where: { "$\"".contains($0) }) { return "'" }
        let isBare = text.allSatisfy { character in
            character.isLetter || character.isNumber || "_-.:/*?\\@%+~".contains(character)
        }
        return isBare && !text.hasPrefix("//") ? nil : "\""
    }
}

/// Short texts side by side, as a dictionary has them: down the first column, then the next.
enum Columns {
    static func lines(_ texts: [String], max: Int, indent: String = "  ") -> [String] {
        let shown = Array(texts.prefix(max))
        let width = (shown.map { TextWidth.columns($0) }.max() ?? 0) + 2
        let perLine = Swift.max(1, (Terminal.columns - indent.count) / width)
        let rows = (shown.count + perLine - 1) / perLine
        var lines: [String] = []
        for row in 0..<rows {
            var line = indent
            for place in stride(from: row, to: shown.count, by: rows) {
                let isLast = place + rows >= shown.count
                let gap = isLast ? 0 : width - TextWidth.columns(shown[place])
                line += shown[place] + String(repeating: " ", count: gap)
            }
            lines.append(line)
        }
        if texts.count > max { lines.append("\(indent)… and \(texts.count - max) more") }
        return lines
    }
}
