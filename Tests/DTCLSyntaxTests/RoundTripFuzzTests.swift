import Testing

@testable import DTCLSyntax

/// Texts made at random from the samples: whatever comes, the parser ends, tokens and gaps add up
/// to the text, and nothing lies outside it.
@Suite("Fuzz of lexer and parser")
struct RoundTripFuzzTests {
    struct Generator: RandomNumberGenerator {
        var state: UInt64

        mutating func next() -> UInt64 {
            state &+= 0x9E37_79B9_7F4A_7C15
            var mixed = state
            mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
            mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
            return mixed ^ (mixed >> 31)
        }
    }

    private static func seeds() throws -> [[UInt8]] {
        let ok = try GrammarTests.samples("ok").map { try GrammarTests.sample("ok", $0).bytes }
        let errors = try GrammarTests.samples("errors").map {
            try GrammarTests.sample("errors", $0).bytes
        }
        return ok + errors.filter { $0.count < 200 }
    }

    private static let pieces: [String] =
        TokenKind.allCases.compactMap(\.spelling) + Keyword.allCases.map(\.rawValue)
        + ["\n", " ", "\\\n", "\"", "'", "$", "${", "$x", "${a.b}", "//", "#", "10MB", "0x", "é"]

    private static func mutate(
        _ seeds: [[UInt8]], _ generator: inout Generator
    ) -> [UInt8] {
        var bytes = seeds.randomElement(using: &generator) ?? []
        for _ in 0..<Int.random(in: 1...8, using: &generator) {
            let place = Int.random(in: 0...bytes.count, using: &generator)
            switch Int.random(in: 0..<5, using: &generator) {
            case 0: bytes.insert(UInt8.random(in: 0...127, using: &generator), at: place)
            case 1: if place < bytes.count { bytes.remove(at: place) }
            case 2: bytes.removeSubrange(place..<bytes.count)
            case 3:
                let other = seeds.randomElement(using: &generator) ?? []
                bytes.insert(contentsOf: other, at: place)
            default:
                let piece = pieces.randomElement(using: &generator) ?? ""
                bytes.insert(contentsOf: piece.utf8, at: place)
            }
        }
        return bytes
    }

    @Test("mutated samples", arguments: [1, 20_240_229, UInt64.random(in: 0...UInt64.max)])
    func mutatedSamples(_ seed: UInt64) throws {
        var generator = Generator(state: seed)
        let seeds = try Self.seeds()
        for _ in 0..<1500 {
            let bytes = Self.mutate(seeds, &generator)
            check(bytes, seed)
        }
    }

    @Test("bytes at random", arguments: [7, UInt64.random(in: 0...UInt64.max)])
    func randomBytes(_ seed: UInt64) {
        var generator = Generator(state: seed)
        for _ in 0..<500 {
            let count = Int.random(in: 0...80, using: &generator)
            check((0..<count).map { _ in UInt8.random(in: 0...255, using: &generator) }, seed)
        }
    }

    @Test("the lexer alone, in both dialects", arguments: [Lexer.Mode.command, .expression])
    func lexerAlone(_ mode: Lexer.Mode) throws {
        var generator = Generator(state: 3)
        let seeds = try Self.seeds()
        for _ in 0..<500 {
            let source = SourceText(bytes: Self.mutate(seeds, &generator), name: "fuzz")
            source.bytes.withUnsafeBufferPointer { bytes in
                var lexer = Lexer(bytes)
                var end = lexer.offset
                while true {
                    let token = lexer.next(mode)
                    #expect(token.lower >= end)
                    if token.kind == .endOfText { break }
                    #expect(token.upper > token.lower)
                    end = token.upper
                }
                #expect(lexer.offset == bytes.count)
            }
        }
    }

    @Test(
        "deep nesting ends in a message",
        arguments: ["(", "[", "{a:", "-", "NOT ", "IF 1 THEN ", "a (", "f(", "$x[", "1+", "$x.a&"])
    func deepNesting(_ piece: String) {
        for prefix in ["$x = ", "", "ping "] {
            let text = prefix + String(repeating: piece, count: 3000)
            check(Array(text.utf8), 0)
            // Elsewhere the pieces may be plain words of a command.
            if prefix == "$x = " {
                let hasErrors = Script.parse(text).hasErrors
                #expect(hasErrors)
            }
        }
    }

    private func check(_ bytes: [UInt8], _ seed: UInt64) {
        let source = SourceText(bytes: bytes, name: "fuzz")
        let script = Script.parse(source)
        var end = 0
        for token in script.tokens {
            #expect(token.lower >= end, "seed \(seed)")
            checkGap(source, end, token.lower, seed)
            end = token.upper
        }
        let refused = script.diagnostics.contains { $0.id == "text-invalid" }
        #expect(
            refused || end == bytes.count, "seed \(seed): \(String(decoding: bytes, as: UTF8.self))"
        )
        for diagnostic in script.diagnostics {
            #expect(Int(diagnostic.range.upper) <= max(1, bytes.count), "seed \(seed)")
        }
    }

    /// A gap holds blanks, remarks and continued line ends, nothing else.
    private func checkGap(_ source: SourceText, _ lower: Int, _ upper: Int, _ seed: UInt64) {
        var isRemark =
            lower > 0
            && source.text(in: SourceRange(max(0, lower - 3), lower)).uppercased() == "REM"
        var offset = lower
        if lower == 0, source.bytes.starts(with: [0xEF, 0xBB, 0xBF]) { offset = 3 }
        while offset < upper {
            let byte = source.bytes[offset]
            let isSlash =
                byte == UInt8(ascii: "/") && offset + 1 < upper && source.bytes[offset + 1] == byte
            if byte == UInt8(ascii: "\n") {
                isRemark = false
            } else if byte == UInt8(ascii: "#") || isSlash {
                isRemark = true
            }
            let isFine =
                isRemark || byte.isBlank || byte == UInt8(ascii: "\n") || byte == UInt8(ascii: "\\")
            #expect(isFine, "seed \(seed): \(source.text(in: SourceRange(lower, upper)))")
            if !isFine { return }
            offset += 1
        }
    }
}
