import DTCLSyntax
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
