/// What happened in one or many seeds, counted.
package struct Figures: Sendable {
    package var seeds = 0
    /// Of simulated time.
    package var nanoseconds: Int64 = 0
    package var operations = 0
    package var batches = 0
    package var linkBreaks: [String: Int] = [:]
    package var targetKills = 0
    package var targetCuts = 0
    package var sourceKills = 0
    package var sourceCuts = 0
    package var captureLosses = 0
    package var diskErrors = 0
    package var fullDisks = 0
    package var queueFull = 0
    package var resyncs: [String: Int] = [:]
    package var partialMirrors = 0
    package var wholeMirrors = 0
    package var cooledDown = 0
    /// Comparisons of a target that said it was good with what the source had.
    package var exactChecks = 0
    /// The same after a crash, before everything was sent again.
    package var replayChecks = 0
    package var replays = 0

    package init() {}

    package mutating func add(_ other: Figures) {
        seeds += other.seeds
        nanoseconds += other.nanoseconds
        operations += other.operations
        batches += other.batches
        linkBreaks.merge(other.linkBreaks, uniquingKeysWith: +)
        targetKills += other.targetKills
        targetCuts += other.targetCuts
        sourceKills += other.sourceKills
        sourceCuts += other.sourceCuts
        captureLosses += other.captureLosses
        diskErrors += other.diskErrors
        fullDisks += other.fullDisks
        queueFull += other.queueFull
        resyncs.merge(other.resyncs, uniquingKeysWith: +)
        partialMirrors += other.partialMirrors
        wholeMirrors += other.wholeMirrors
        cooledDown += other.cooledDown
        exactChecks += other.exactChecks
        replayChecks += other.replayChecks
        replays += other.replays
    }

    package var text: String {
        func kinds(_ counts: [String: Int]) -> String {
            counts.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)" }
                .joined(separator: ", ")
        }
        return """
            \(operations) operations in \(batches) batches, \
            \(nanoseconds / 1_000_000_000) s simulated
            crashes: \(targetKills) target killed, \(targetCuts) target power cut, \
            \(sourceKills) source killed, \(sourceCuts) source power cut, \
            \(captureLosses) captures lost
            disks: \(diskErrors) errors, \(fullDisks) times full; queue full \(queueFull) times
            link breaks: \(kinds(linkBreaks))
            resyncs: \(kinds(resyncs))
            partial mirrors: \(partialMirrors), whole mirrors: \(wholeMirrors), cooled down: \
            \(cooledDown)
            checked: \(exactChecks) exact, \(replayChecks) during replay, \(replays) replays
            """
    }
}
