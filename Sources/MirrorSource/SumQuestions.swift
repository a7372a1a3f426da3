internal import ReplicationModel

/// Questions about sums of the target's blocks, and the answers until they are used.
struct SumQuestions {
    private var lastID: UInt64 = 0
    private var unsent: [SumQuestion] = []
    private var answers: [UInt64: Answer?] = [:]

    /// Asked and not yet used.
    static let countMax = 32

    struct Answer {
        /// 0, or why there are none.
        var status: CInt
        /// Bytes of the target's file.
        var size: Int64
        var sums: [Digest]
    }

    var hasRoom: Bool { answers.count < Self.countMax }

    mutating func ask(_ file: FileID, firstBlock: UInt64, count: UInt32) -> UInt64 {
        lastID += 1
        unsent.append(SumQuestion(id: lastID, file: file, firstBlock: firstBlock, count: count))
        answers[lastID] = .some(nil)
        return lastID
    }

    mutating func take() -> [SumQuestion] {
        defer { unsent.removeAll() }
        return unsent
    }

    /// Answers that nobody waits for are dropped.
    mutating func received(_ id: UInt64, _ answer: Answer) {
        if answers[id] != nil { answers[id] = .some(answer) }
    }

    /// nil: not there yet.
    func answer(to id: UInt64) -> Answer? { answers[id] ?? nil }

    mutating func forget(_ id: UInt64) { answers[id] = nil }
}
