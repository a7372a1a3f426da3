import SimulationKit
import Testing

/// Seeds whose stories once ended badly.
@Suite
struct StoryTests {
    struct Story: Sendable, CustomTestStringConvertible {
        let seed: UInt64
        let testDescription: String

        init(_ seed: UInt64, _ words: String) {
            self.seed = seed
            testDescription = words
        }
    }

    @Test(arguments: [
        Story(514_044, "a folder goes for want of space, and the link breaks before it came again"),
        Story(1_027_476, "a batch is cut, and what it moved was removed by a later change of it"),
        Story(1_036_162, "killed in an exchange, and neither of the two is left at the source"),
        Story(1_063_154, "a mirror begins over a resync that is not settled, and the source dies"),
        Story(1_072_565, "files are changed around the mount between their changes and a mirror"),
        Story(1_097_297, "files are changed around the mount while a mirror's end is on its way"),
        Story(2_097_905, "a mirror has placed what older changes move away, in its first run"),
        Story(2_257_052, "an older change takes the name that a mirror has given, and exchanges it"),
    ])
    func `It ends well now`(story: Story) {
        let outcome = Search().run(seed: story.seed, isTold: true)
        #expect(outcome.failure == nil, "\(outcome.lines.suffix(40).joined(separator: "\n"))")
    }

    @Test
    func `A seed tells the same story twice`() {
        let search = Search()
        for seed in UInt64(1)...40 {
            let one = search.run(seed: seed, isTold: true)
            let other = search.run(seed: seed, isTold: true)
            #expect(one.lines == other.lines, "seed \(seed)")
        }
    }

    @Test
    func `Every kind of trouble happens`() {
        let search = Search()
        for seed in UInt64(1)...150 { _ = search.run(seed: seed) }
        let figures = search.figures
        #expect(figures.targetKills > 0 && figures.targetCuts > 0)
        #expect(figures.sourceKills > 0 && figures.sourceCuts > 0)
        #expect(figures.captureLosses > 0 && figures.diskErrors > 0 && figures.fullDisks > 0)
        #expect(figures.resyncs.count >= 3 && figures.linkBreaks.count >= 4)
        #expect(figures.exactChecks > 100 && figures.replayChecks > 0 && figures.cooledDown > 0)
        // A thousand times as fast as real time asks for at least a second a seed.
        #expect(figures.nanoseconds > 150 * 1_000_000_000)
    }
}
