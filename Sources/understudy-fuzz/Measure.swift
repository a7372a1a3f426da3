import DTCLFormat
import DTCLSyntax
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
        let clock = ContinuousClock()
        let start = clock.now
        let script = Script.parse(source)
        let parsed = clock.now
        guard what == .format else { return rate(source, parsed - start) }
        let text = ScriptFormatter.format(script)
        let laidOut = clock.now
        precondition(text != nil, "the long script has errors")
        return rate(source, laidOut - parsed)
    }

    private func rate(_ source: SourceText, _ duration: Duration) -> Double {
        let (seconds, attoseconds) = duration.components
        return Double(source.bytes.count) / 1e6 / (Double(seconds) + Double(attoseconds) / 1e18)
    }
}
