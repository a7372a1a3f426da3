/// What kind of trouble a seed makes: chosen by its first numbers.
package struct Scenario: Sendable {
    package enum Fault: String, CaseIterable, Sendable {
        case linkBreak = "link break"
        case outage
        case targetKill = "target killed"
        case targetCut = "target power cut"
        case sourceKill = "source killed"
        case sourceCut = "source power cut"
        case captureLoss = "capture lost"
        case changedAround = "changed around"
        case targetRestart = "target restarted"
        case mirrorAsked = "mirror asked for"
        case targetFull = "target full"
        case targetError = "target disk error"
        case sourceError = "source disk error"
    }

    /// Before the connection is made.
    let operationsBefore: Int
    let operations: Int
    /// Those of which some happen.
    let faults: [Fault]
    /// After one of so many operations something happens.
    let oneIn: Int
    /// Nanoseconds.
    let delayMost: Int
    let ringRecords: Int
    let ringBytes: Int
    let hasDiskQueue: Bool
    let coolsDown: Bool
    let isFullMirror: Bool
    /// Whether applications write much at once and then rest.
    let isBursty: Bool

    /// - Parameter isShort: a dozen operations at most.
    init(_ numbers: inout SeededNumbers, isShort: Bool) {
        let before = numbers.oneIn(3) ? 0 : numbers.below(14)
        operationsBefore = isShort ? min(before, 4) : before
        let operations: Int
        switch numbers.below(20) {
        case 0..<14: operations = 3 + numbers.below(9)
        case 14..<19: operations = 10 + numbers.below(30)
        default: operations = 40 + numbers.below(120)
        }
        self.operations = isShort ? min(operations, 10) : operations
        var faults: [Fault] = []
        for _ in 0..<(1 + numbers.below(3)) {
            faults.append(Fault.allCases[numbers.below(Fault.allCases.count)])
        }
        self.faults = faults
        oneIn = 3 + numbers.below(isShort ? 5 : 14)
        delayMost = [100_000, 2_000_000, 50_000_000, 1_500_000_000][numbers.below(4)]
        ringRecords = [16, 32, 256][numbers.below(3)]
        ringBytes = [16 << 10, 32 << 10, 256 << 10][numbers.below(3)]
        hasDiskQueue = numbers.oneIn(2)
        coolsDown = numbers.oneIn(2)
        isFullMirror = numbers.oneIn(2)
        isBursty = numbers.oneIn(3)
    }

    /// How long something is on its way.
    func delay(_ numbers: inout SeededNumbers) -> Int64 {
        Int64(numbers.below(numbers.oneIn(8) ? delayMost : max(delayMost / 20, 1)))
    }

    /// Until the next operation.
    func pause(_ numbers: inout SeededNumbers) -> Int64 {
        if isBursty, !numbers.oneIn(12) { return Int64(numbers.below(200_000)) }
        switch numbers.below(10) {
        case 0..<6: return Int64(numbers.below(3_000_000))
        case 6..<9: return Int64(numbers.below(700_000_000))
        default: return Int64(numbers.below(20_000_000)) * 1000
        }
    }
}
