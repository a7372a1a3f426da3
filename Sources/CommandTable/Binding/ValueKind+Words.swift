import CommandModel
import DTCLSyntax

// How a kind reads the words of a line before anything runs.
extension ValueKind {
    /// What a word gives to an argument of this kind; nil when it cannot.
    func content(of word: Word, at index: Int) -> BoundArgument.Content? {
        if self == .secret { return secretContent(of: word, at: index) }
        if word.isDynamic {
            switch word.kind {
            case .list, .record:
                return self == .programArguments ? .word(index, self, factor: 1) : nil
            default: return .word(index, self, factor: 1)
            }
        }
        guard let text = word.staticText else { return nil }
        switch self {
        case .programArguments:
            guard word.isQuoted else { return nil }
            return constant(.text(text))
        case .integer, .numbered:
            guard case .number(let literal) = word.kind, literal.unit == nil,
                case .integer(let number) = literal.value
            else { return nil }
            return (try? checked(.integer(number))).map { .constant($0) }
        case .size:
            guard case .number(let literal) = word.kind, literal.unit?.isTime != true,
                case .integer(let number) = literal.value
            else { return nil }
            return (try? checked(.integer(number))).map { .constant($0) }
        case .connection(let allowsAll):
            if word.isKeywordCandidate, text == "*" {
                return allowsAll ? .constant(.text("*")) : nil
            }
            guard case .number(let literal) = word.kind, literal.unit == nil,
                case .integer(let number) = literal.value
            else { return nil }
            return (try? checked(.integer(number))).map { .constant($0) }
        case .duration: return durationContent(of: word, text)
        default: return constant(.text(text))
        }
    }

    private func constant(_ value: CommandValue) -> BoundArgument.Content? {
        (try? convert(value)).map { .constant($0) }
    }

    /// Quoted text is taken as it stands; only a word that is a variable and nothing else is looked
    /// up.
    private func secretContent(of word: Word, at index: Int) -> BoundArgument.Content? {
        switch word.kind {
        case .variable, .parenthesised: .word(index, self, factor: 1)
        case .list, .record, .comma, .equals, .less, .greater: nil
        case .bare, .number, .quoted, .literal, .joined: .constant(.text(word.unfilledText))
        }
    }

    private func durationContent(of word: Word, _ text: String) -> BoundArgument.Content? {
        if word.isKeywordCandidate, text.uppercased() == "FOREVER" { return .constant(.none) }
        guard case .number(let literal) = word.kind, literal.unit?.isTime ?? true else {
            return nil
        }
        let seconds =
            switch literal.value {
            case .integer(let number): Double(number)
            case .decimal(let number): number
            }
        return (try? checked(.decimal(seconds))).map { .constant($0) }
    }

    func treatment(of word: Word) -> Treatment? {
        switch (self, word.kind) {
        case (.secret, .variable), (.secret, .parenthesised): nil
        case (.programArguments, .quoted): .split
        case (.programArguments, _): nil
        default: treatment
        }
    }
}
