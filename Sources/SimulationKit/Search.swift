internal import CPosix
internal import Glibc
internal import Journal
internal import Synchronization
internal import WireProtocol

/// Runs seeds, one after the other. Of one thread.
package final class Search {
    private let folder: String
    private let room = UnsafeMutableRawBufferPointer.allocate(
        byteCount: 1 << 20 + 256 << 10, alignment: 4096)
    package private(set) var figures = Figures()

    private static let count = Atomic<Int>(0)

    /// What a seed came to.
    package struct Outcome: Sendable {
        package let seed: UInt64
        /// What was wrong.
        package let failure: String?
        package let figures: Figures
        /// What happened, when it was asked for.
        package let lines: [String]
    }

    package init() {
        let number = Self.count.add(1, ordering: .relaxed).newValue
        folder = "/dev/shm/understudy-sim-\(getpid())-\(number)"
        mkdir(folder, 0o700)
        // Read once in a process: not in the first story, whose clock would move for it.
        _ = BootID.current
    }

    deinit {
        rmdir(folder)
        room.deallocate()
    }

    /// - Parameters:
    ///   - isShort: a dozen operations at most; another story than the seed's long one.
    ///   - hasRules: a part of the source's tree is not replicated.
    ///   - isTold: whether the outcome says what happened.
    package func run(
        seed: UInt64, isShort: Bool = false, hasRules: Bool = false, isTold: Bool = false
    ) -> Outcome {
        let world = World(
            seed: seed, isShort: isShort, hasRules: hasRules, memoryFolder: folder,
            isTold: isTold, room: room)
        let failure = world.run()
        figures.add(world.figures)
        return Outcome(
            seed: seed, failure: failure, figures: world.figures, lines: world.story.lines)
    }
}
