import CommandModel
import Testing

@testable import Runtime

@Suite("Waiting for a snapshot")
struct SnapshotBoardTests {
    @Test("what holds already is not waited for")
    func now() async throws {
        let board = SnapshotBoard(5)
        #expect(try await board.wait(seconds: nil, for: "five") { $0 == 5 } == 5)
    }

    @Test("a waiter gets the first snapshot that it likes")
    func later() async throws {
        let board = SnapshotBoard(0)
        async let seen = board.wait(seconds: 60, for: "three") { $0 >= 3 }
        for number in 1...5 { board.show(number) }
        #expect(try await seen >= 3)
    }

    @Test("a wait that is too long says what did not happen")
    func late() async {
        let board = SnapshotBoard(0)
        let error = await #expect(throws: CommandError.self) {
            try await board.wait(seconds: 0.01, for: "the end") { $0 == 1 }
        }
        #expect(error?.code == ErrorCode.timedOut.rawValue)
        #expect(error?.message.contains("the end") == true)
    }

    @Test("a cancelled wait ends")
    func cancelled() async {
        let board = SnapshotBoard(0)
        let task = Task { try await board.wait(seconds: nil, for: "nothing") { $0 == 1 } }
        task.cancel()
        let error = await #expect(throws: CommandError.self) { try await task.value }
        #expect(error?.code == ErrorCode.interrupted.rawValue)
    }
}
