/// A manual page in the notation of man(7), put together from blocks.
public struct Manual: Sendable {
    public enum Block: Sendable, Hashable {
        /// Words in `grave accents` are set in bold.
        case paragraph(String)
        case subheading(String)
        /// A term and what it means, one after the other.
        case item(String, String)
        /// Lines as they stand.
        case lines([String])
        /// What belongs to the item before it.
        indirect case nested([Block])
    }

    private var text: String

    /// - Parameters:
    ///   - section: of the manual, from 1 to 8.
    ///   - source: the product, in the foot of the page.
    public init(
        _ name: String, section: Int, source: String, manual: String, summary: String
    ) {
        text = """
            .\\" Made from the declarations of the commands; do not edit.
            .TH "\(Manual.quoted(name.uppercased()))" "\(section)" "" "\(Manual.quoted(source))" \
            "\(Manual.quoted(manual))"
            .SH NAME
            \(Manual.escaped(name)) \\- \(Manual.escaped(summary))

            """
    }

    public mutating func section(_ heading: String, _ blocks: [Block]) {
        text += ".SH \"\(Manual.quoted(heading.uppercased()))\"\n"
        // A paragraph after a heading needs no mark of its own.
        var isFirst = true
        for block in blocks {
            add(block, isFirst: isFirst)
            isFirst = false
            if case .subheading = block { isFirst = true }
        }
    }

    private mutating func add(_ block: Block, isFirst: Bool) {
        switch block {
        case .paragraph(let words):
            if !isFirst { text += ".PP\n" }
            text += Manual.line(words)
        case .subheading(let heading): text += ".SS \"\(Manual.quoted(heading))\"\n"
        case .item(let term, let meaning):
            text += ".TP\n\\fB\(Manual.escaped(term))\\fR\n" + Manual.line(meaning)
        case .lines(let lines):
            if !isFirst { text += ".PP\n" }
            text += ".RS 4\n.nf\n"
            for line in lines { text += Manual.line(line, isPlain: true) }
            text += ".fi\n.RE\n"
        case .nested(let blocks):
            text += ".RS\n"
            for block in blocks { add(block, isFirst: false) }
            text += ".RE\n"
        }
    }

    public var page: String { text }

    /// A line of text; what would be a request or an escape is made harmless.
    private static func line(_ words: String, isPlain: Bool = false) -> String {
        let content = isPlain ? escaped(words) : marked(words)
        guard let first = content.first else { return isPlain ? "\\&\n" : "" }
        return (first == "." || first == "'" ? "\\&" : "") + content + "\n"
    }

    /// Text between grave accents in bold.
    private static func marked(_ words: String) -> String {
        var result = ""
        for (index, part) in words.split(separator: "`", omittingEmptySubsequences: false)
            .enumerated()
        {
            result += index % 2 == 1 ? "\\fB\(escaped(String(part)))\\fR" : escaped(String(part))
        }
        return result
    }

    /// For the argument of a request, in quotes.
    private static func quoted(_ text: String) -> String {
        escaped(text).split(separator: "\"", omittingEmptySubsequences: false)
            .joined(separator: "\"\"")
    }

    /// Characters that have a meaning to the formatter, and those that not every output has.
    private static func escaped(_ text: String) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\\": result += "\\e"
            case "-": result += "\\-"
            case "'": result += "\\(aq"
            case "`": result += "\\(ga"
            case "^": result += "\\(ha"
            case "~": result += "\\(ti"
            case "…": result += "..."
            case "–": result += "\\(en"
            case "→": result += "\\(->"
            case "\n": result += " "
            default:
                if scalar.isASCII {
                    result.unicodeScalars.append(scalar)
                } else {
                    let digits = String(scalar.value, radix: 16, uppercase: true)
                    let zeros = String(repeating: "0", count: max(0, 4 - digits.count))
                    result += "\\[u\(zeros)\(digits)]"
                }
            }
        }
        return result
    }
}
