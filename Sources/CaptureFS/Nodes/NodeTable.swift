internal import CaptureControl
internal import CLinuxFuse
internal import CPosix
internal import Glibc
internal import ReplicationModel
internal import Synchronization

/// All nodes by their number, who lies where, and which replication sets that makes them belong to.
final class NodeTable: Sendable {
    private struct State {
        var nodes: [UInt64: Node] = [:]
        /// Numbers of objects whose inode number cannot be their node number.
        var foreign: [Identity: UInt64] = [:]
        var nextForeign: UInt64 = 1 << 63
        var rules = SelectionRules.none
        /// Counts what changes memberships: new rules, renamed directories. Never 0.
        var generation: UInt64 = 1
        /// The nodes but the root, as a next server will find them.
        var shared: SharedNodes

        init(_ root: Node, _ memory: SharedMemory) {
            shared = SharedNodes(memory)
            nodes[root.id] = root
            nextForeign += memory[.nextForeign]
        }
    }

    struct Identity: Hashable {
        let device: UInt64
        let inode: UInt64
    }

    let root: Node
    /// Absolute, without a slash at its end.
    let rootPath: [UInt8]
    private let state: Mutex<State>
    private let generation = Atomic<UInt64>(1)
    private let cache: DescriptorCache

    init(root: Node, rootPath: [UInt8], cache: DescriptorCache, memory: SharedMemory) {
        self.root = root
        self.rootPath = rootPath
        self.cache = cache
        root.lookups = 1
        state = Mutex(State(root, memory))
    }

    var count: Int { state.withLock { $0.nodes.count } }

    // MARK: Finding

    func find(_ id: UInt64) -> Node? {
        id == root.id ? root : state.withLock { $0.nodes[id] }
    }

    /// The node of an object, if the kernel knows it.
    func find(_ status: stat) -> Node? { state.withLock { find(status, &$0) } }

    /// The same, counted as one more answer to the kernel, with the name that led to it.
    func findAndCount(_ status: stat, _ parent: Node?, _ name: UnsafeRawBufferPointer) -> Node? {
        state.withLock { state in
            guard let node = find(status, &state) else { return nil }
            node.lookups += 1
            if let parent { Self.place(node, parent, name, &state, isOnly: status.st_nlink < 2) }
            return node
        }
    }

    private func find(_ status: stat, _ state: inout State) -> Node? {
        let inode = UInt64(status.st_ino)
        if isForeign(status) {
            let identity = Identity(device: UInt64(status.st_dev), inode: inode)
            return state.foreign[identity].flatMap { state.nodes[$0] }
        }
        return inode == root.file.inode ? root : state.nodes[inode]
    }

    private func isForeign(_ status: stat) -> Bool {
        UInt64(status.st_dev) != root.device || status.st_ino == 1 && root.file.inode != 1
            || status.st_ino >> 63 != 0
    }

    // MARK: Coming and going

    /// A node for an object that was not known a moment ago; another thread's if that was faster.
    /// Counted as one answer to the kernel. `make` gets the node's number.
    func insert(
        _ status: stat, _ parent: Node?, _ name: UnsafeRawBufferPointer, _ make: (UInt64) -> Node
    ) -> Node {
        state.withLock { state in
            let node: Node
            if let existing = find(status, &state) {
                node = existing
            } else {
                var id = UInt64(status.st_ino)
                if isForeign(status) {
                    id = state.nextForeign
                    state.nextForeign += 1
                    state.shared.memory[.nextForeign] = state.nextForeign - 1 << 63
                    let identity = Identity(
                        device: UInt64(status.st_dev), inode: UInt64(status.st_ino))
                    state.foreign[identity] = id
                }
                node = make(id)
                state.shared.add(node)
                state.nodes[id] = node
            }
            node.lookups += 1
            if let parent { Self.place(node, parent, name, &state, isOnly: status.st_nlink < 2) }
            return node
        }
    }

    /// The kernel forgets `count` of the answers it was given.
    func forget(_ id: UInt64, _ count: UInt64) {
        guard id != root.id else { return }
        // Nodes are released after the lock: closing their descriptors may free large files.
        var gone: [Node] = []
        state.withLock { state in
            guard let node = state.nodes[id] else { return }
            node.lookups = node.lookups > count ? node.lookups - count : 0
            Self.removeIfUnused(node, &state, &gone, root)
        }
        release(gone)
    }

    private func release(_ gone: [Node]) {
        guard !gone.isEmpty else { return }
        let records = gone.compactMap { cache.retire($0) }
        state.withLock { state in
            for record in records { state.shared.release(record) }
        }
    }

    private static func removeIfUnused(
        _ node: Node, _ state: inout State, _ gone: inout [Node], _ root: Node
    ) {
        var candidates = [node]
        while let node = candidates.popLast() {
            guard node.lookups == 0, node.childCount == 0, node !== root else { continue }
            guard state.nodes.removeValue(forKey: node.id) != nil else { continue }
            if node.id >> 63 != 0 {
                state.foreign[Identity(device: node.device, inode: node.file.inode)] = nil
            }
            for place in node.places {
                place.parent.childCount -= 1
                state.shared.removeName(place.shared)
                candidates.append(place.parent)
            }
            node.places = []
            state.shared.remove(node)
            gone.append(node)
        }
    }

    // MARK: Taking over

    /// Finds again what a former server left. Called before anything else is done with the table.
    func restore(mount: UInt32) {
        var gone: [Node] = []
        state.withLock { state in
            var found: [Node] = []
            state.shared.restore { found.append(Node($0, mount: mount)) }
            state.nodes.reserveCapacity(found.count + 1)
            for node in found {
                if !node.ownsDescriptor { (node.descriptor, node.access) = (-1, .none) }
                state.nodes[node.id] = node
                guard node.id >> 63 != 0 else { continue }
                state.foreign[Identity(device: node.device, inode: node.file.inode)] = node.id
            }
            let nodes = state.nodes
            state.shared.restoreNames { owner, parent, name, place in
                guard let node = nodes[owner], let parent = nodes[parent] else {
                    return false
                }
                node.places.append(Place(parent: parent, name: Array(name), shared: place))
                parent.childCount += 1
                return true
            }
            for node in found {
                if node.descriptor >= 0 { cache.admit(node) }
                if node.lookups == 0 { Self.removeIfUnused(node, &state, &gone, root) }
            }
        }
        release(gone)
    }

    /// Every descriptor that a node holds.
    var descriptors: [CInt] {
        state.withLock { $0.nodes.values.map(\.descriptor).filter { $0 >= 0 } }
    }

    // MARK: Names

    /// `node` has the name now.
    func add(_ node: Node, _ parent: Node, _ name: UnsafeRawBufferPointer) {
        state.withLock { Self.place(node, parent, name, &$0, isOnly: false) }
        node.membershipCache.store(0, ordering: .relaxed)
    }

    /// `node` does not have the name any more.
    func remove(_ node: Node, _ parent: Node, _ name: UnsafeRawBufferPointer) {
        state.withLock { Self.displace(node, parent, name, &$0) }
        node.membershipCache.store(0, ordering: .relaxed)
    }

    private static let placesMax = 256

    private static func place(
        _ node: Node, _ parent: Node, _ name: UnsafeRawBufferPointer, _ state: inout State,
        isOnly: Bool
    ) {
        if let first = node.places.first, first.isAt(parent, name) { return }
        if isOnly || node.type == .directory {
            for place in node.places {
                place.parent.childCount -= 1
                state.shared.removeName(place.shared)
            }
            node.places.removeAll(keepingCapacity: true)
        } else if node.places.contains(where: { $0.isAt(parent, name) }) {
            return
        }
        guard node.places.count < placesMax else { return }
        let shared = state.shared.addName(of: node, parent, name)
        node.places.append(Place(parent: parent, name: Array(name), shared: shared))
        parent.childCount += 1
        node.membershipCache.store(0, ordering: .relaxed)
    }

    private static func displace(
        _ node: Node, _ parent: Node, _ name: UnsafeRawBufferPointer, _ state: inout State
    ) {
        guard let index = node.places.firstIndex(where: { $0.isAt(parent, name) }) else { return }
        parent.childCount -= 1
        state.shared.removeName(node.places[index].shared)
        node.places.remove(at: index)
    }

    /// Any directory that a name of `node` lies in.
    func parent(of node: Node) -> Node? { state.withLock { _ in node.places.first?.parent } }

    // MARK: Membership

    func setRules(_ rules: SelectionRules) {
        state.withLock { state in
            state.rules = rules
            bump(&state)
        }
    }

    /// A directory moved: what lies below it may belong elsewhere now.
    func forgetMemberships() { state.withLock { bump(&$0) } }

    private func bump(_ state: inout State) {
        state.generation += 1
        generation.store(state.generation, ordering: .releasing)
    }

    /// Over all names of the node. When it has more names (`linkCount`) than are known, or none
    /// that is known, every set with a rule is answered: a change too many is harmless, one too
    /// few is lost.
    func membership(of node: Node, linkCount: Int) -> UInt16 {
        var cached = node.membershipCache.load(ordering: .relaxed)
        if cached >> 24 != generation.load(ordering: .acquiring) {
            cached = computeMembership(node)
        }
        let known = Int(cached >> 16 & 0xFF)
        let bits = UInt16(truncatingIfNeeded: cached)
        if known == 0 || linkCount > known && node.type != .directory {
            return bits | state.withLock { $0.rules.allBits }
        }
        return bits
    }

    private func computeMembership(_ node: Node) -> UInt64 {
        state.withLock { state in
            var bits: UInt16 = 0
            let isDirectory = node.type == .directory
            if !state.rules.isEmpty {
                if node === root {
                    bits = state.rules.membership(of: rootPath, isDirectory: true)
                }
                for place in node.places {
                    let path = path(place.parent, place.name)
                    bits |= state.rules.membership(of: path, isDirectory: isDirectory)
                }
            }
            let known = node === root ? 1 : UInt64(min(node.places.count, 255))
            let word = state.generation << 24 | known << 16 | UInt64(bits)
            node.membershipCache.store(word, ordering: .relaxed)
            return word
        }
    }

    /// Of a name, whatever has it.
    func membership(
        _ parent: Node, _ name: UnsafeRawBufferPointer, isDirectory: Bool
    ) -> UInt16 {
        state.withLock { state in
            guard !state.rules.isEmpty else { return 0 }
            let path = path(parent, Array(name))
            return state.rules.membership(of: path, isDirectory: isDirectory)
        }
    }

    private func path(_ parent: Node, _ name: [UInt8]) -> [UInt8] {
        var names = [name]
        var node = parent
        while node !== root, let place = node.places.first, names.count < 4096 {
            names.append(place.name)
            node = place.parent
        }
        var result = rootPath
        for name in names.reversed() {
            result.append(0x2F)
            result.append(contentsOf: name)
        }
        return result
    }
}
