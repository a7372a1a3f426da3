internal import CLinuxFuse
internal import CPosix
internal import Glibc

/// The ordering locks: an effect on an object and its record happen under the object's shard, so
/// that records stand in the order of effects. Several are taken in ascending order; nothing but
/// the journal's, the table's and the descriptor cache's locks is taken while holding one.
struct Shards: @unchecked Sendable {
    private let locks: UnsafeMutablePointer<pthread_mutex_t>
    static let count = 128

    /// Lives as long as the process.
    init() {
        locks = .allocate(capacity: Self.count)
        for index in 0..<Self.count { pthread_mutex_init(locks + index, nil) }
    }

    @inline(__always)
    static func index(_ node: UInt64) -> Int {
        Int(truncatingIfNeeded: (node &* 0x9E37_79B9_7F4A_7C15) >> 57)
    }

    @inline(__always)
    func locked<Result, Failure: Error>(
        _ node: Node, _ body: () throws(Failure) -> Result
    ) throws(Failure) -> Result {
        let lock = locks + Self.index(node.id)
        pthread_mutex_lock(lock)
        defer { pthread_mutex_unlock(lock) }
        return try body()
    }

    /// Of up to four nodes at once; those that are nil are left out.
    func locked<Result, Failure: Error>(
        _ nodes: (Node?, Node?, Node?, Node?), _ body: () throws(Failure) -> Result
    ) throws(Failure) -> Result {
        var mask: (UInt64, UInt64) = (0, 0)
        func add(_ node: Node?) {
            guard let node else { return }
            let index = Self.index(node.id)
            if index < 64 {
                mask.0 |= 1 << UInt64(index)
            } else {
                mask.1 |= 1 << UInt64(index - 64)
            }
        }
        add(nodes.0)
        add(nodes.1)
        add(nodes.2)
        add(nodes.3)
        forEach(mask) { pthread_mutex_lock(locks + $0) }
        defer { forEach(mask) { pthread_mutex_unlock(locks + $0) } }
        return try body()
    }

    /// Holds up every change, for what concerns all of them.
    func allLocked<Result, Failure: Error>(
        _ body: () throws(Failure) -> Result
    ) throws(Failure) -> Result {
        for index in 0..<Self.count { pthread_mutex_lock(locks + index) }
        defer { for index in 0..<Self.count { pthread_mutex_unlock(locks + index) } }
        return try body()
    }

    /// Never waits; false when anybody, the caller included, holds the shard.
    func tryLock(_ node: Node) -> Bool { pthread_mutex_trylock(locks + Self.index(node.id)) == 0 }
    func unlock(_ node: Node) { pthread_mutex_unlock(locks + Self.index(node.id)) }

    private func forEach(_ mask: (UInt64, UInt64), _ body: (Int) -> Void) {
        var low = mask.0
        while low != 0 {
            body(low.trailingZeroBitCount)
            low &= low - 1
        }
        var high = mask.1
        while high != 0 {
            body(64 + high.trailingZeroBitCount)
            high &= high - 1
        }
    }
}
