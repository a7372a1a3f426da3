@testable import DTCLSyntax
import Testing

@Suite("Words of a command")
struct WordTests {
    private func words(_ text: String) -> [Word] {
        Script.parse(text).commands.first?.words ?? []
    }

    @Test("keep their spelling and place")
    func keepSpelling() {
        let all = words("login alpha  \"pa$$word\"")
        #expect(all.map(\.raw) == ["login", "alpha", "\"pa$$word\""])
        #expect(all[2].range == SourceRange(13, 23))
    }

    @Test("a secret is read as typed")
    func secretAsTyped() {
        let all = words("login alpha admin \"pa$$w${o}$rd\"\"x\" 'a$b' plain$x")
        #expect(all[3].unfilledText == "pa$$w${o}$rd\"x")
        #expect(all[4].unfilledText == "a$b")
        #expect(all[5].unfilledText == "plain$x")
        #expect(all[3].isQuoted && all[4].isQuoted && !all[5].isQuoted)
    }

    @Test("only unquoted words without variables can be command words")
    func keywordCandidates() {
        let all = words("a 1 \"b\" 'c' $d /e/$f (1) [1] =")
        #expect(
            all.map(\.isKeywordCandidate) == [
                true, true, false, false, false, false, false, false, false,
            ])
        #expect(
            all.map(\.isDynamic) == [
                false, false, false, false, true, true, true, true, false,
            ])
        #expect(all.map(\.staticText) == ["a", "1", "b", "c", nil, nil, nil, nil, nil])
    }

    @Test("text without variables is known at once")
    func staticText() {
        let all = words("a \"costs $$5 or $6, \"\"x\"\"\" \"$y\"")
        #expect(all[1].staticText == "costs $5 or $6, \"x\"")
        #expect(all[2].staticText == nil)
    }

    @Test(
        "numbers carry their unit applied",
        arguments: [
            ("64KB", 65536.0, NumberLiteral.Unit.kilobytes), ("2gb", 2_147_483_648, .gigabytes),
            ("500ms", 0.5, .milliseconds), ("10s", 10, .seconds), ("5m", 300, .minutes),
            ("2H", 7200, .hours), ("1d", 86400, .days), ("1.5KB", 1536, .kilobytes),
        ])
    func units(_ text: String, _ value: Double, _ unit: NumberLiteral.Unit) throws {
        let number = try NumberLiteral.read(text).get()
        #expect(number.seconds == value)
        #expect(number.unit == unit)
    }

    @Test(
        "what is no number stays a bare word",
        arguments: ["10.0.0.2", "5M", "1x", "a1", "0x", "1.", "--1", "5PB"])
    func notNumbers(_ text: String) {
        #expect(throws: NumberLiteral.ReadError.self) { try NumberLiteral.read(text).get() }
        #expect(words("a \(text)").last?.kind == .bare)
    }
}

@Suite("Characters and keywords")
struct CharacterTests {
    @Test("word characters are letters, digits and the signs of paths and addresses")
    func wordCharacters() {
        let signs = Set("_-.:/*?\\@%+~".utf8)
        for byte in UInt8.min...UInt8.max {
            let isLetter = (byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x7A
            let isDigit = byte >= 0x30 && byte <= 0x39
            let expected =
                (byte < 0x80 && isLetter) || isDigit || byte >= 0x80 || signs.contains(byte)
            #expect(byte.isWordPart == expected, "\(byte)")
        }
    }

    @Test("the table finds every keyword in any case and nothing else")
    func keywordTable() {
        func find(_ text: String) -> Keyword? {
            Array(text.utf8).withUnsafeBufferPointer { KeywordTable.shared.find($0, 0, $0.count) }
        }
        for word in Keyword.allCases {
            #expect(find(word.rawValue) == word)
            #expect(find(word.rawValue.lowercased()) == word)
            #expect(Keyword(word: word.rawValue.lowercased()) == word)
            #expect(find(word.rawValue + "S") == nil)
            #expect(find("_" + word.rawValue.dropFirst()) == nil)
        }
        for text in ["", "I", "IG", "1F", "ENDE", "PROCEDURES", "WH\u{7F}LE", "é"] {
            #expect(find(text) == nil)
        }
    }
}
