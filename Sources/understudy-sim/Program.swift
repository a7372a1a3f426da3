internal import Glibc
internal import SimulationKit

@main
enum Program {
    static func main() {
        let arguments: SearchArguments
        do throws(SearchArguments.Wrong) {
            arguments = try SearchArguments(Array(CommandLine.arguments.dropFirst()))
        } catch {
            print(error.words)
            exit(2)
        }
        if arguments.wantsHelp {
            print(SearchArguments.help)
            exit(0)
        }
        startAgainIfNeeded()
        exit(arguments.seed.map { tell($0, arguments) } ?? search(arguments))
    }

    /// The order of a hash table must not depend on the day: only the environment of a process that
    /// starts can say so.
    private static func startAgainIfNeeded() {
        let name = "SWIFT_DETERMINISTIC_HASHING"
        guard getenv(name) == nil else { return }
        setenv(name, "1", 1)
        var words = CommandLine.arguments.map { strdup($0) } + [nil]
        execv("/proc/self/exe", &words)
        print("the program cannot be started again, so a seed may not tell the same story twice")
    }

    private static func tell(_ seed: UInt64, _ arguments: SearchArguments) -> CInt {
        let outcome = Search().run(
            seed: seed, isShort: arguments.isShort, isTold: arguments.isTraced)
        for line in outcome.lines { print(line) }
        print(outcome.figures.text)
        return report(outcome, arguments)
    }

    private static func search(_ arguments: SearchArguments) -> CInt {
        let search = Search()
        let began = monotonic()
        var shown = began
        var failures: CInt = 0
        var seed = arguments.firstSeed
        let end = seed &+ arguments.seeds
        while seed < end {
            failures |= report(
                search.run(seed: seed, isShort: arguments.isShort), arguments)
            seed += 1
            let now = monotonic()
            if now - shown > 10 {
                shown = now
                print(progress(search.figures, now - began))
                fflush(nil)
            }
            if let minutes = arguments.minutes, now - began > Double(minutes) * 60 { break }
        }
        print(progress(search.figures, monotonic() - began))
        print(search.figures.text)
        return failures
    }

    private static func report(_ outcome: Search.Outcome, _ arguments: SearchArguments) -> CInt {
        guard let failure = outcome.failure else { return 0 }
        print("seed \(outcome.seed) FAILED: \(failure)")
        let length = arguments.isShort ? " --short" : ""
        print("  understudy-sim --seed \(outcome.seed)\(length) --trace")
        fflush(nil)
        return 1
    }

    private static func progress(_ figures: Figures, _ seconds: Double) -> String {
        let simulated = Double(figures.nanoseconds) / 1_000_000_000
        let each = Int(Double(figures.seeds) / max(seconds, 0.001))
        return "\(figures.seeds) seeds in \(Int(seconds)) s, \(each) a second, "
            + "\(Int(simulated / max(seconds, 0.001))) times as fast as real time; "
            + "\(figures.targetKills + figures.sourceKills) kills, "
            + "\(figures.targetCuts + figures.sourceCuts) power cuts, "
            + "\(figures.resyncs.values.reduce(0, +)) resyncs, \(figures.wholeMirrors) mirrors, "
            + "\(figures.linkBreaks.values.reduce(0, +)) link breaks"
    }

    private static func monotonic() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1_000_000_000
    }
}
