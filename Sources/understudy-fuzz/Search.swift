import FuzzLanguage
import FuzzLua
import Foundation
import Synchronization

/// Tries one check with many seeds on several threads.
struct Search {
    enum Kind: String, CaseIterable {
        case syntax
        case machine
        case format
        case lua

        /// How many seeds the whole search takes.
        var wholeCount: UInt64 {
            switch self {
            case .syntax: 10_000_000
            case .machine: 1_000_000
            case .format: 1_000_000
            case .lua: 100_000
            }
        }
    }

    struct Failure {
        var seed: UInt64
        var problem: String
    }

    let kind: Kind
    let firstSeed: UInt64
    let count: UInt64
    let jobs: Int
    let inputs: SyntaxInputs

    private static let chunk: UInt64 = 500
    private static let failuresMax = 20

    /// What the threads share.
    private final class Shared: Sendable {
        let next = Atomic<UInt64>(0)
        let failures = Mutex<[Failure]>([])
    }

    /// What did not hold, by seed. Prints how far it is, on the error output.
    func run() async -> [Failure] {
        let shared = Shared()
        let start = ContinuousClock.now
        await withTaskGroup(of: Void.self) { group in
            for job in 0..<jobs {
                group.addTask { work(job, shared, since: start) }
            }
        }
        return shared.failures.withLock { $0 }.sorted { $0.seed < $1.seed }
    }

    private func work(_ job: Int, _ shared: Shared, since start: ContinuousClock.Instant) {
        while shared.failures.withLock({ $0.count }) < Search.failuresMax {
            let lower = shared.next.add(Search.chunk, ordering: .relaxed).oldValue
            guard lower < count else { return }
            let upper = min(lower + Search.chunk, count)
            for offset in lower..<upper {
                let seed = firstSeed &+ offset
                CrashReport.note(seed, job: job)
                guard let problem = check(seed) else { continue }
                shared.failures.withLock { $0.append(Failure(seed: seed, problem: problem)) }
                // At once, too: who stops a long search wants to know what it has found.
                complain("  \(kind.rawValue): seed \(seed): \(problem)")
            }
            tell(upper, since: start)
        }
    }

    func input(_ seed: UInt64) -> [UInt8] {
        var random = SeededGenerator(seed: seed)
        switch kind {
        case .syntax: return inputs.input(seed: seed)
        case .machine: return Array(ProgramGenerator.script(&random).utf8)
        case .format: return Scrambler.scramble(ProgramGenerator.script(&random), &random)
        case .lua: return Array(HostileLua.script(seed: seed).utf8)
        }
    }

    func check(_ seed: UInt64) -> String? {
        switch kind {
        case .syntax, .format: SyntaxCheck.check(input(seed))
        case .machine: MachineCheck.check(seed: seed)
        case .lua: HostileLua.check(seed: seed)
        }
    }

    /// A line each tenth of the way.
    private func tell(_ done: UInt64, since start: ContinuousClock.Instant) {
        let tenth = max(count / 10, Search.chunk)
        guard done / tenth != (done - 1) / tenth || done == count else { return }
        let (seconds, attoseconds) = (ContinuousClock.now - start).components
        let rate = Int(Double(done) / (Double(seconds) + Double(attoseconds) / 1e18))
        complain("  \(kind.rawValue): \(done) of \(count), \(rate) a second")
    }

    private func complain(_ line: String) {
        FileHandle.standardError.write(Data((line + "\n").utf8))
    }
}
