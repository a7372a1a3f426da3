internal import SimulationKit

/// Runs seeds of one kind of story, and counts.
protocol SeedRunner: AnyObject {
    /// Answers what was wrong, if anything; prints the story where that is wanted.
    func run(_ seed: UInt64) -> String?
    /// Words of the command line that make the same story of a seed.
    var options: String { get }
    func progress(_ seconds: Double) -> String
    var figures: String { get }
}

/// Source, target and network.
final class WorldSearch: SeedRunner {
    private let arguments: SearchArguments
    private let search = Search()

    init(_ arguments: SearchArguments) { self.arguments = arguments }

    func run(_ seed: UInt64) -> String? {
        let outcome = search.run(
            seed: seed, isShort: arguments.isShort, hasRules: arguments.hasRules,
            isTold: arguments.isTraced)
        for line in outcome.lines { print(line) }
        if arguments.seed != nil { print(figures) }
        return outcome.failure
    }

    var options: String {
        (arguments.isShort ? " --short" : "") + (arguments.hasRules ? " --rules" : "")
    }
    var figures: String { search.figures.text }

    func progress(_ seconds: Double) -> String {
        let figures = search.figures
        let simulated = Double(figures.nanoseconds) / 1_000_000_000
        let each = Int(Double(figures.seeds) / max(seconds, 0.001))
        return "\(figures.seeds) seeds in \(Int(seconds)) s, \(each) a second, "
            + "\(Int(simulated / max(seconds, 0.001))) times as fast as real time; "
            + "\(figures.targetKills + figures.sourceKills) kills, "
            + "\(figures.targetCuts + figures.sourceCuts) power cuts, "
            + "\(figures.resyncs.values.reduce(0, +)) resyncs, \(figures.wholeMirrors) mirrors, "
            + "\(figures.linkBreaks.values.reduce(0, +)) link breaks"
    }
}

/// A target alone, to which the same changes come again.
final class ReplaySearch: SeedRunner {
    private let arguments: SearchArguments
    private var seeds = 0
    private var count = ReplayFigures()

    init(_ arguments: SearchArguments) { self.arguments = arguments }

    func run(_ seed: UInt64) -> String? {
        let replay = Replay(seed: seed, isShort: arguments.isShort, isTold: arguments.isTraced)
        let failure = arguments.isShort ? replay.runEverywhere() : replay.run()
        for line in replay.lines { print(line) }
        seeds += 1
        count.add(replay.figures)
        return failure
    }

    var options: String { " --replay" + (arguments.isShort ? " --short" : "") }

    func progress(_ seconds: Double) -> String {
        "\(seeds) seeds in \(Int(seconds)) s, \(Int(Double(seeds) / max(seconds, 0.001))) a second"
    }

    var figures: String {
        "\(count.crashes) crashes, \(count.replays) starts from an earlier state, "
            + "\(count.changes) changes made, \(count.checks) comparisons of trees"
    }
}
