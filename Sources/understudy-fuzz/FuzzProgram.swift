import Foundation
import DTCLFormat
import DTCLSyntax
import FuzzLanguage

@main
struct FuzzProgram {
    static func main() async {
        do throws(Arguments.Problem) {
            exit(await run(try Arguments(Array(CommandLine.arguments.dropFirst()))))
        } catch {
            complain(error.message)
            exit(2)
        }
    }

    private static func run(_ arguments: Arguments) async -> Int32 {
        if arguments.wantsHelp {
            print(Arguments.usage)
            return 0
        }
        if let measure = arguments.measure {
            for rate in measure.run() { print(rate) }
            return 0
        }
        let inputs = SyntaxInputs(samples: arguments.corpus.map(scripts) ?? [])
        if let seed = arguments.shown { return show(seed, arguments.kinds, inputs) }
        CrashReport.install()
        var status: Int32 = 0
        for kind in arguments.kinds {
            let search = Search(
                kind: kind, firstSeed: arguments.firstSeed,
                count: arguments.count ?? kind.wholeCount, jobs: arguments.jobs, inputs: inputs)
            if await !report(search) { status = 1 }
        }
        return status
    }

    /// Whether everything held.
    private static func report(_ search: Search) async -> Bool {
        let before = residentBytes()
        let clock = ContinuousClock()
        let start = clock.now
        let failures = await search.run()
        let (seconds, attoseconds) = (clock.now - start).components
        let duration = Double(seconds) + Double(attoseconds) / 1e18
        for failure in failures.prefix(20) {
            print("\(search.kind.rawValue): seed \(failure.seed): \(failure.problem)")
        }
        let rate = Int(Double(search.count) / max(duration, 0.001))
        print(
            "\(search.kind.rawValue): \(search.count) inputs from seed \(search.firstSeed), "
                + "\(failures.count) failures, \(rate) a second, "
                + "memory \(before >> 20) MB before and \(residentBytes() >> 20) MB after")
        return failures.isEmpty
    }

    private static func show(
        _ seed: UInt64, _ kinds: [Search.Kind], _ inputs: SyntaxInputs
    ) -> Int32 {
        for kind in kinds {
            let search = Search(kind: kind, firstSeed: seed, count: 1, jobs: 1, inputs: inputs)
            print(String(decoding: search.input(seed), as: UTF8.self))
            let script = Script.parse(SourceText(bytes: search.input(seed), name: "fuzz"))
            if kind != .lua, let text = ScriptFormatter.format(script) {
                print("-- laid out:\n\(String(decoding: text, as: UTF8.self))")
            }
            print("-- \(kind.rawValue): \(search.check(seed) ?? "holds")")
        }
        return 0
    }

    private static func scripts(in folder: String) -> [[UInt8]] {
        let files = FileManager.default.enumerator(atPath: folder)
        let paths = (files?.allObjects ?? []).compactMap { $0 as? String }.sorted()
        return paths.filter { $0.hasSuffix(".dtcl") }.compactMap { path in
            FileManager.default.contents(atPath: folder + "/" + path).map { Array($0) }
        }
    }

    private static func residentBytes() -> Int {
        let text = try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8)
        let pages = text?.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
        return pages * 4096
    }

    private static func complain(_ message: String) {
        let text = "understudy-fuzz: \(message)\n'understudy-fuzz --help' tells more\n"
        FileHandle.standardError.write(Data(text.utf8))
    }
}
