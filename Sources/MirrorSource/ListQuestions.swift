internal import MirrorCore
internal import ReplicationModel

/// Questions about the target's directories, and the answers until they are used.
struct ListQuestions {
    private var lastID: UInt64 = 0
    private var unsent: [ListQuestion] = []
    private var answers: [UInt64: Answer] = [:]

    /// Directories asked about and not yet walked.
    static let countMax = 32

    private struct Answer {
        var entries: [[UInt8]: ObjectAttributes] = [:]
        var isComplete = false
    }

    var hasRoom: Bool { answers.count < Self.countMax }

    mutating func ask(mapping: UInt16, path: [UInt8]) -> UInt64 {
        lastID += 1
        unsent.append(ListQuestion(id: lastID, mapping: mapping, path: path))
        answers[lastID] = Answer()
        return lastID
    }

    mutating func take() -> [ListQuestion] {
        defer { unsent.removeAll() }
        return unsent
    }

    /// Answers that nobody waits for are dropped.
    mutating func received(_ id: UInt64, _ entries: [TreeEntry], isLast: Bool) {
        guard answers[id] != nil else { return }
        for entry in entries { answers[id]?.entries[entry.name] = entry.attributes }
        if isLast { answers[id]?.isComplete = true }
    }

    /// nil: not there yet.
    func answer(to id: UInt64) -> [[UInt8]: ObjectAttributes]? {
        guard let answer = answers[id], answer.isComplete else { return nil }
        return answer.entries
    }

    mutating func forget(_ id: UInt64) { answers[id] = nil }
}
