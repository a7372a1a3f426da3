internal import Glibc
internal import Synchronization

/// An operation on its way, as `HotLog.enter` gives it.
@frozen
package struct HotPass: BitwiseCopyable, Sendable {
    /// The generation in which a group must be hot (or in a later one) for this operation. An
    /// object that keeps the generation in which it was found hot needs only compare.
    package let generation: UInt32
    let counter: UInt32
}

/// Counts operations on their way, apart for those of before and after the last rotation, without
/// a word that all threads fight for.
struct HotPasses: ~Copyable, @unchecked Sendable {
    private static let stripes = 16
    /// Words from one counter to the next that another thread uses.
    private static let stride = 8

    private let epoch = Atomic<UInt32>(0)
    /// For each stripe two counters, for even and odd epochs.
    private let counters: UnsafeMutablePointer<Atomic<Int>>

    init() {
        let count = Self.stripes * Self.stride
        let memory = UnsafeMutableRawPointer.allocate(byteCount: count * 8, alignment: 64)
        memory.initializeMemory(as: UInt8.self, repeating: 0, count: count * 8)
        counters = memory.assumingMemoryBound(to: Atomic<Int>.self)
    }

    deinit { UnsafeMutableRawPointer(counters).deallocate() }

    @inline(__always)
    func enter(_ generation: borrowing Atomic<UInt32>) -> HotPass {
        let thread = UInt64(pthread_self())
        let stripe = Int(truncatingIfNeeded: (thread &* 0x9E37_79B9_7F4A_7C15) >> 60)
        while true {
            let seen = epoch.load(ordering: .acquiring)
            let counter = stripe * Self.stride + Int(seen & 1)
            counters[counter].wrappingAdd(1, ordering: .sequentiallyConsistent)
            // Seen again after it was counted: a rotation from here on waits for it.
            if epoch.load(ordering: .sequentiallyConsistent) == seen {
                return HotPass(
                    generation: generation.load(ordering: .acquiring), counter: UInt32(counter))
            }
            counters[counter].wrappingSubtract(1, ordering: .releasing)
        }
    }

    @inline(__always)
    func leave(_ pass: HotPass) {
        counters[Int(pass.counter)].wrappingSubtract(1, ordering: .releasing)
    }

    /// The operations that are counted from now on belong to a new epoch. The one before must be
    /// settled.
    func turn() { epoch.wrappingAdd(1, ordering: .sequentiallyConsistent) }

    /// Whether none is left of before the last turn.
    var isSettled: Bool {
        let now = epoch.load(ordering: .sequentiallyConsistent)
        guard now > 0 else { return true }
        let before = Int((now &- 1) & 1)
        return (0..<Self.stripes).allSatisfy {
            counters[$0 * Self.stride + before].load(ordering: .sequentiallyConsistent) == 0
        }
    }
}
