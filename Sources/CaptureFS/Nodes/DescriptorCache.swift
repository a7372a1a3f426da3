internal import CLinuxFuse
internal import CPosix
internal import Glibc
internal import Synchronization

/// Bounds the number of descriptors that nodes hold. A node whose descriptor was closed opens it
/// again by its handle. Which goes first is a second-chance clock over all open ones.
final class DescriptorCache: Sendable {
    private struct State {
        var nodes: [Node] = []
        var hand = 0
    }

    private let state = Mutex(State())
    private let shards: Shards
    private let countMax: Int

    init(_ shards: Shards, countMax: Int) {
        self.shards = shards
        self.countMax = countMax
    }

    var count: Int { state.withLock { $0.nodes.count } }

    /// The node has a descriptor now; its shard is held by the caller. Others may lose theirs.
    func admit(_ node: Node) {
        guard !node.isRetired else { return }
        state.withLock { state in
            guard node.cacheSlot < 0 else { return }
            node.cacheSlot = state.nodes.count
            state.nodes.append(node)
            if state.nodes.count > countMax { evict(&state) }
        }
    }

    /// The node is forgotten: its descriptor closes with the last reference to it. Answers its
    /// record, which nobody writes to any more.
    func retire(_ node: Node) -> NodeRecord? {
        shards.locked(node) {
            node.isRetired = true
            state.withLock { state in Self.take(node, &state) }
            let record = node.record
            node.record = nil
            return record
        }
    }

    private static func take(_ node: Node, _ state: inout State) {
        let slot = node.cacheSlot
        guard slot >= 0 else { return }
        node.cacheSlot = -1
        let last = state.nodes.removeLast()
        if last !== node {
            state.nodes[slot] = last
            last.cacheSlot = slot
        }
    }

    /// Closes a few at once, so that the clock is not turned for each opening. Gives up after two
    /// turns: then all are in use or must be kept, and the process's own limit is the bound.
    private func evict(_ state: inout State) {
        var wanted = max(1, countMax / 64)
        var steps = min(2 * state.nodes.count, 4096)
        while wanted > 0, steps > 0, !state.nodes.isEmpty {
            steps -= 1
            if state.hand >= state.nodes.count { state.hand = 0 }
            let node = state.nodes[state.hand]
            if node.wasUsed.exchange(false, ordering: .relaxed) || !shards.tryLock(node) {
                state.hand += 1
                continue
            }
            if !node.isKept, node.pins.load(ordering: .acquiring) == 0, node.descriptor >= 0 {
                // Closed only when the record says so: its number may be another's at once.
                let descriptor = node.descriptor
                node.access = .none
                node.descriptor = -1
                _ = cposix_close(descriptor)
                Self.take(node, &state)
                wanted -= 1
            } else {
                state.hand += 1
            }
            shards.unlock(node)
        }
    }
}
