import DTCLInterpreter
import DTCLSyntax
import FuzzLanguage
import Testing

/// Programs made at random: whatever comes, the compiler and the machine end, within the limits,
/// without losing memory, and the same way again. `Scripts/fuzz` does the same at length.
@Suite("Fuzz of compiler and machine")
struct RunFuzzTests {
    @Test("programs at random", arguments: [11, UInt64.random(in: 0...UInt64.max)])
    func programsAtRandom(_ firstSeed: UInt64) {
        for offset in 0..<120 {
            let seed = firstSeed &+ UInt64(offset)
            #expect(MachineCheck.check(seed: seed) == nil, "seed \(seed)")
        }
    }

    @Test("most programs compile, so that the search looks at the machine")
    func mostCompile() {
        let inputs = (0..<100 as Range<UInt64>).map { seed -> String in
            var random = SeededGenerator(seed: seed)
            return ProgramGenerator.script(&random)
        }
        let compiled = inputs.filter { Program.compile(.parse($0)).program != nil }
        #expect(compiled.count > 60)
    }
}
