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
        Story(2_127_228, "marked blocks are compared, and the rest that was asked for never comes"),
        Story(2_209_499, "a resync is taken for changes that come again, and makes a lost folder"),
        Story(2_297_542, "a whole mirror after a power cut believes an old map"),
        Story(4_004_878, "a resync is cut, and what it had moved into its new folders stays there"),
        Story(4_050_784, "a file that an earlier resync left incomplete is compared in part"),
        Story(5_001_325, "a resync into a full target is cut and begins anew"),
        Story(6_070_655, "the disk fails while a cut batch goes back to the map's log"),
        Story(6_072_888, "the source loses what was changed around its mount, and sent"),
        Story(6_189_372, "a file that is copied at the target is longer than the source's"),
        Story(6_301_596, "the disk fails while the target starts, and its log has a new time"),
        Story(6_450_175, "killed between a new journal's place in the log and on the disk"),
        Story(10_321_430, "an exchange that failed half way leaves a second name of ours"),
        Story(11_389_393, "an exchange in a mirror fails for one object only"),
    ])
    func `It ends well now`(story: Story) {
        let outcome = Search().run(seed: story.seed, isTold: true)
        #expect(outcome.failure == nil, "\(outcome.lines.suffix(40).joined(separator: "\n"))")
    }

    /// A part of the tree is not replicated.
    @Test(arguments: [
        Story(15, "a file leaves the set and comes back while the link is broken"),
        Story(46, "a file is written after it came into the set and before the target has it"),
        Story(98, "what is replicated and what is not are exchanged"),
        Story(288, "the link breaks when the target asks for what came into the set"),
        Story(563, "a file whose content is asked for has a name outside the set, too"),
        Story(2391, "a file leaves during a mirror, is changed outside, and comes back"),
        Story(2840, "an I/O error between a move into the set and its being asked for"),
        Story(13_102, "a power cut while something is asked for: what it forgets goes"),
        Story(28_658, "a file is changed by its name outside the set, and linked into it again"),
    ])
    func `It ends well with rules, too`(story: Story) {
        let outcome = Search().run(seed: story.seed, hasRules: true, isTold: true)
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
