internal import CLinuxFuse
internal import CPosix
internal import FileSystemAccess
internal import Glibc
internal import ReplicationModel
internal import Synchronization

/// Making objects hot: known, on the disk, to be changing, before the first change. What a power
/// cut may take from the disk is then known to be suspect.
extension FileSystem {
    /// To be asked before an effect, with the shards held: all of the nodes must be hot, those
    /// whose changes are followed by nobody excepted. Else the request is left before it has any
    /// effect, and comes again when they are: a flush must not be waited for with shards held.
    @inline(__always)
    func requireHot(
        _ call: Call, _ first: Node, _ second: Node? = nil, _ third: Node? = nil
    ) throws(Errno) {
        let generation = heat.generation
        guard first.hot.load(ordering: .relaxed) != generation
            || second.map({ $0.hot.load(ordering: .relaxed) != generation }) ?? false
            || third.map({ $0.hot.load(ordering: .relaxed) != generation }) ?? false
        else { return }
        try requireHot(call, [first, second, third])
    }

    private func requireHot(_ call: Call, _ nodes: [Node?]) throws(Errno) {
        guard recorder.isWatched else { return }
        let worker = call.worker
        // What was made hot before a rotation counts no more.
        if worker.heatedGeneration != heat.generation { worker.heated.removeAll() }
        worker.cold.removeAll(keepingCapacity: true)
        for case let node? in nodes where !isWarmEnough(node) {
            if !worker.heated.contains(node.file.inode) { worker.cold.append(node.file.inode) }
        }
        if !worker.cold.isEmpty { throw .cold }
    }

    private func isWarmEnough(_ node: Node) -> Bool {
        let generation = heat.generation
        if node.hot.load(ordering: .relaxed) == generation { return true }
        if node.isNameless { return true }
        var status = stat()
        let isKnown = node.descriptor >= 0 && cposix_fstat(node.descriptor, &status) >= 0
        let linkCount = isKnown ? Int(status.st_nlink) : .max
        if table.membership(of: node, linkCount: linkCount) == 0 { return true }
        guard heat.isHot(node.file.inode) else { return false }
        node.hot.store(generation, ordering: .relaxed)
        return true
    }

    /// Without any lock. When this returns the request can be tried again.
    func makeHot(_ worker: Worker) {
        worker.willBlock()
        let generation = heat.generation
        heat.makeHot(worker.cold)
        if worker.heatedGeneration != generation { worker.heated.removeAll() }
        worker.heatedGeneration = generation
        worker.heated += worker.cold
    }

    /// A new object in a hot directory needs no flush of its own: if a power cut leaves it on the
    /// disk at all, then with a change time after the generation's start.
    func inheritHeat(_ node: Node, from parent: Node) {
        node.hot.store(parent.hot.load(ordering: .relaxed), ordering: .relaxed)
    }

    /// From here on nothing is hot. When this returns every change that counted on an older
    /// generation has its record. nil: no new generation can be made now.
    func rotateHeat() -> UInt32? {
        guard let generation = heat.rotate() else { return nil }
        shards.allLocked { heat.publish() }
        return generation
    }
}

extension Errno {
    /// No errno of the system's: objects have to be made hot first.
    static let cold = Errno(rawValue: 1 << 20)
}
