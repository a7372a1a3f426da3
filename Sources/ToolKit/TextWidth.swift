import CLibEdit
import Glibc

/// How many columns of a terminal a text takes.
package enum TextWidth {
    /// Control characters take none.
    package static func columns(_ text: some StringProtocol) -> Int {
        text.unicodeScalars.reduce(0) { $0 + columns($1) }
    }

    package static func columns(_ scalar: Unicode.Scalar) -> Int {
        if (0x20..<0x7F).contains(scalar.value) { return 1 }
        let isControl = scalar.value < 0xA0
        _ = knowsUTF8
        let columns = Int(clibedit_columns(Int32(scalar.value)))
        return isControl ? 0 : columns < 0 ? 1 : columns
    }

    /// The library looks widths up by the locale; set once.
    static let knowsUTF8: Bool = {
        _ = setlocale(LC_CTYPE, "")
        let codeset = nl_langinfo(Int32(CODESET)).map { String(cString: $0) }
        return codeset == "UTF-8" || setlocale(LC_CTYPE, "C.UTF-8") != nil
    }()

    /// As much of the text as fits; an ellipsis stands for what does not.
    package static func cut(_ text: String, to columnsMax: Int) -> String {
        guard columns(text) > columnsMax else { return text }
        var kept = String.UnicodeScalarView()
        var width = 0
        for scalar in text.unicodeScalars {
            width += columns(scalar)
            guard width < columnsMax else { break }
            kept.append(scalar)
        }
        return columnsMax > 0 ? String(kept) + "…" : ""
    }

    /// The text in lines that fit, broken at blanks; lines after the first are set in.
    package static func wrapped(_ text: String, to columnsMax: Int, indent: String) -> [String] {
        var lines: [String] = []
        var line = String(text.prefix { $0 == " " })
        var isFirst = true
        for word in text.split(separator: " ", omittingEmptySubsequences: false)
            .dropFirst(line.count)
        {
            if !isFirst, columns(line) + 1 + columns(word) > columnsMax {
                lines.append(line)
                line = indent + word
            } else {
                line += (isFirst ? "" : " ") + word
            }
            isFirst = false
        }
        return lines + [line]
    }
}
