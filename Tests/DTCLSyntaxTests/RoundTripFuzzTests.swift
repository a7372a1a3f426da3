import FuzzLanguage
import Testing

@testable import DTCLSyntax

/// Texts made at random: whatever comes, the parser ends, tokens and gaps add up to the text,
/// nothing lies outside it and the layout changes nothing. `Scripts/fuzz` does the same at length.
@Suite("Fuzz of lexer and parser")
struct RoundTripFuzzTests {
    private static func samples() throws -> [[UInt8]] {
        let ok = try GrammarTests.samples("ok").map { try GrammarTests.sample("ok", $0).bytes }
        let errors = try GrammarTests.samples("errors").map {
            try GrammarTests.sample("errors", $0).bytes
        }
        return ok + errors.filter { $0.count < 200 }
    }

    @Test("inputs at random", arguments: [1, 20_240_229, UInt64.random(in: 0...UInt64.max)])
    func inputsAtRandom(_ firstSeed: UInt64) throws {
        let inputs = SyntaxInputs(samples: try Self.samples())
        for offset in 0..<400 {
            let seed = firstSeed &+ UInt64(offset)
            let problem = SyntaxCheck.check(inputs.input(seed: seed))
            #expect(problem == nil, "seed \(seed)")
        }
    }

    @Test("the lexer alone, in both dialects", arguments: [Lexer.Mode.command, .expression])
    func lexerAlone(_ mode: Lexer.Mode) throws {
        let inputs = SyntaxInputs(samples: try Self.samples())
        for seed in 0..<500 as Range<UInt64> {
            inputs.input(seed: seed).withUnsafeBufferPointer { bytes in
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
            #expect(SyntaxCheck.check(Array(text.utf8)) == nil)
            // Elsewhere the pieces may be plain words of a command.
            if prefix == "$x = " {
                let hasErrors = Script.parse(text).hasErrors
                #expect(hasErrors)
            }
        }
    }
}
