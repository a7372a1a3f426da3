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
        let runner: any SeedRunner =
            arguments.isReplay ? ReplaySearch(arguments) : WorldSearch(arguments)
        exit(arguments.seed.map { tell($0, runner) } ?? search(runner, arguments))
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

    private static func tell(_ seed: UInt64, _ runner: any SeedRunner) -> CInt {
        report(runner.run(seed), seed, runner)
    }

    private static func search(_ runner: any SeedRunner, _ arguments: SearchArguments) -> CInt {
        let began = monotonic()
        var shown = began
        var failures: CInt = 0
        var seed = arguments.firstSeed
        let end = seed &+ arguments.seeds
        while seed < end {
            failures |= report(runner.run(seed), seed, runner)
            seed += 1
            let now = monotonic()
            if now - shown > 10 {
                shown = now
                print(runner.progress(now - began))
                fflush(nil)
            }
            if let minutes = arguments.minutes, now - began > Double(minutes) * 60 { break }
        }
        print(runner.progress(monotonic() - began))
        print(runner.figures)
        return failures
    }

    private static func report(
        _ failure: String?, _ seed: UInt64, _ runner: any SeedRunner
    ) -> CInt {
        guard let failure else { return 0 }
        print("seed \(seed) FAILED: \(failure)")
        print("  understudy-sim --seed \(seed)\(runner.options) --trace")
        fflush(nil)
        return 1
    }

    private static func monotonic() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1_000_000_000
    }
}
