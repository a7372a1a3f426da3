package import DTCLSyntax

/// Messages about a text for people: place, message, the line with a mark below it, hints.
package struct DiagnosticRenderer {
    private let source: SourceText
    private let palette: Palette
    private let lines: LineTable

    package init(_ source: SourceText, _ palette: Palette = .plain) {
        self.source = source
        self.palette = palette
        lines = LineTable(source)
    }

    package func render(_ diagnostic: Diagnostic) -> [String] {
        let place = "\(source.name):\(lines.position(of: diagnostic.range.lower))"
        let role: Palette.Role = diagnostic.severity == .error ? .error : .warning
        let severity = palette.paint("\(diagnostic.severity.rawValue):", role)
        let sign = palette.paint("=", .note)
        return ["\(place): \(severity) \(palette.paint(diagnostic.message, .title))"]
            + excerpt(diagnostic.range)
            + diagnostic.notes.map { note in
                guard let range = note.range else { return "     \(sign) \(note.message)" }
                let line = lines.position(of: range.lower).line
                return "     \(sign) line \(line): \(note.message)"
            }
    }

    /// The line of a range, with carets beneath what belongs to it. Of a very long line a piece.
    package func excerpt(_ range: SourceRange) -> [String] {
        let start = lines.position(of: range.lower)
        let end = lines.position(of: range.upper)
        let line = lines.text(ofLine: start.line)
        let number = String(start.line)
        let margin = String(repeating: " ", count: max(0, 4 - number.count)) + number
        let skipped = skipped(of: line, before: start.column - 1)
        let text = Self.piece(of: line, from: skipped)
        let column = start.column - 1 - skipped + (skipped > 0 ? 1 : 0)
        let before = text.prefix(column)
        let missing = max(0, column - before.count)
        let count = end.line == start.line ? end.column - start.column : text.count
        // Carets stand below what they are about when letters are two columns wide, too.
        let marked = TextWidth.columns(text.dropFirst(before.count).prefix(max(0, count)))
        let mark = "^" + String(repeating: "~", count: max(0, max(marked, count > 0 ? 1 : 0) - 1))
        let indent = before.map { $0 == "\t" ? "\t" : blanks(TextWidth.columns(String($0))) }
        let blank = indent.joined() + blanks(missing)
        return ["\(margin) | \(text)", "     | \(blank)\(palette.paint(mark, .mark))"]
    }

    private static let charactersMax = 200
    /// How much of a long line stands before what it is about.
    private static let charactersBefore = 60

    private func skipped(of line: String, before column: Int) -> Int {
        guard line.utf8.count > Self.charactersMax, line.count > Self.charactersMax else {
            return 0
        }
        return max(0, min(column, line.count) - Self.charactersBefore)
    }

    private static func piece(of line: String, from start: Int) -> String {
        let rest = line.dropFirst(start)
        let isCut = rest.utf8.count > charactersMax && rest.count > charactersMax
        return (start > 0 ? "…" : "") + rest.prefix(charactersMax) + (isCut ? "…" : "")
    }

    private func blanks(_ count: Int) -> String { String(repeating: " ", count: count) }
}
