import DTCLFormat
import DTCLSyntax
import Foundation
import FuzzLanguage

/// How fast a long script is read and laid out, in megabytes a second: the reading alone, or the
/// layout alone of a script that has been read. Several rounds in one process, the first of which
/// pays for the memory.
struct Measure {
    enum What: String, CaseIterable {
        case parse
        case format
    }

    let what: What
    let megabytes: Int
    let rounds: Int

    func run() -> [Double] {
        let source = SourceText(bytes: LongScript.make(bytes: megabytes * 1_000_000), name: "long")
        return (0..<rounds).map { _ in round(source) }
    }

    private func round(_ source: SourceText) -> Double {
        let start = processorSeconds()
        let script = Script.parse(source)
        let parsed = processorSeconds()
        let megabytes = Double(source.bytes.count) / 1e6
        guard what == .format else { return megabytes / (parsed - start) }
        let text = ScriptFormatter.format(script)
        let laidOut = processorSeconds()
        precondition(text != nil, "the long script has errors")
        return megabytes / (laidOut - parsed)
    }

    /// What the thread has used so far: others may use the machine, too.
    private func processorSeconds() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }
}
