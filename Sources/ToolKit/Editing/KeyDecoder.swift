/// Characters out of the bytes that a terminal sends: UTF-8, and the marks around what is pasted.
/// Pure.
struct KeyDecoder {
    struct Key: Hashable {
        var scalar: Unicode.Scalar
        /// Whether a person typed it, as far as can be known.
        var isPasted: Bool
    }

    private var bytes: [UInt8] = []
    private var start = 0
    private var isInPaste = false

    private static let pasteStart = Array("\u{1B}[200~".utf8)
    private static let pasteEnd = Array("\u{1B}[201~".utf8)

    /// Whether more came together with the last key.
    var isEmpty: Bool { start == bytes.count }

    mutating func add(_ more: some Sequence<UInt8>) {
        if start > 0 {
            bytes.removeFirst(start)
            start = 0
        }
        bytes += more
    }

    /// Forgets what was typed ahead.
    mutating func clear() {
        bytes = []
        start = 0
        isInPaste = false
    }

    /// The bytes up to the end of a line, or all there are, and whether that end was there.
    mutating func takeLine() -> (bytes: [UInt8], isWhole: Bool) {
        let rest = bytes[start...]
        guard let end = rest.firstIndex(where: { $0 == 0x0A || $0 == 0x0D }) else {
            start = bytes.count
            return (Array(rest), false)
        }
        start = end + 1
        return (Array(rest[..<end]), true)
    }

    /// nil when there is none, or only a part of one.
    mutating func next() -> Key? {
        while start < bytes.count {
            if bytes[start] == 0x1B {
                let mark = isInPaste ? KeyDecoder.pasteEnd : KeyDecoder.pasteStart
                switch compare(with: mark) {
                case .whole:
                    start += mark.count
                    isInPaste.toggle()
                    continue
                case .beginning: return nil
                case .other: break
                }
            }
            guard let scalar = decode() else { return nil }
            if isInPaste {
                // What is pasted is text: it moves no cursor and calls no command.
                let isText = scalar.value >= 0x20 && scalar.value != 0x7F
                guard isText || [0x09, 0x0A, 0x0D].contains(scalar.value) else { continue }
            }
            return Key(scalar: scalar, isPasted: isInPaste)
        }
        return nil
    }

    private enum Likeness { case whole, beginning, other }

    private func compare(with mark: [UInt8]) -> Likeness {
        let rest = bytes[start...]
        if rest.starts(with: mark) { return .whole }
        // Escape alone is a key. Outside of a paste its mark comes in one piece.
        return (rest.count > 1 || isInPaste) && mark.starts(with: rest) ? .beginning : .other
    }

    /// The next scalar; what is no UTF-8 becomes U+FFFD. nil when its end has not come yet.
    private mutating func decode() -> Unicode.Scalar? {
        let first = bytes[start]
        let length =
            switch first {
            case 0x00..<0x80: 1
            case 0xC2..<0xE0: 2
            case 0xE0..<0xF0: 3
            case 0xF0..<0xF5: 4
            default: 0
            }
        guard length > 0 else {
            start += 1
            return "\u{FFFD}"
        }
        for offset in 1..<max(1, length) {
            guard start + offset < bytes.count else { return nil }
            guard bytes[start + offset] & 0xC0 == 0x80 else {
                start += offset
                return "\u{FFFD}"
            }
        }
        defer { start += length }
        let text = String(decoding: bytes[start..<(start + length)], as: UTF8.self)
        return text.unicodeScalars.first ?? "\u{FFFD}"
    }
}
