/// A disk of a machine whose power can go at any step. What was not synced is then lost in part: a
/// prefix of the steps on names and attributes stays, of the data any blocks, also torn ones.
final class SimulatedDisk {
    let device: UInt64
    unowned let machine: SimulatedMachine
    private(set) var image = DiskImage()
    /// What a cut leaves for sure.
    private(set) var durable = DiskImage()
    /// Steps since then.
    private var pending: [Pending] = []
    /// Inode numbers lie so far apart.
    private let stride: UInt64
    private var nextNode = DiskImage.firstNode
    private var nextGeneration: UInt32 = 100
    private var freeNodes: [UInt64] = []
    /// Counts calls: what one of them does to names and attributes is done as a whole or not at
    /// all.
    private var call = 0

    private struct Pending {
        let call: Int
        let mutation: DiskMutation
    }

    /// How often objects are open.
    private var openCounts: [UInt64: Int] = [:]

    /// Bytes; calls that need more fail with ENOSPC.
    var capacityBytes = Int.max

    init(device: UInt64, machine: SimulatedMachine, stride: UInt64 = 1) {
        self.device = device
        self.machine = machine
        self.stride = stride
        machine.add(self)
    }

    subscript(number: UInt64) -> DiskNode? { image.nodes[number] }

    /// Every call fails.
    var isStopped: Bool { machine.isStopped }

    // MARK: Steps

    /// Whether the steps of a call can begin: an errno if not.
    func admit(growth: Int = 0) -> Int {
        let problem = machine.step()
        if problem != 0 { return problem }
        call += 1
        if growth > 0, capacityBytes != Int.max, image.usedBytes + growth > capacityBytes {
            return DiskErrno.noSpace
        }
        return 0
    }

    func step(_ mutation: DiskMutation) {
        image.apply(mutation)
        pending.append(Pending(call: call, mutation: mutation))
    }

    /// A number for a new object; numbers of objects that are gone are used again, with another
    /// generation.
    func newNode(mode: UInt32, now: Int64) -> DiskNode {
        let number: UInt64
        if let free = freeNodes.popLast() {
            number = free
        } else {
            number = nextNode
            nextNode += stride
        }
        nextGeneration += 1
        var node = DiskNode(number: number, generation: nextGeneration, mode: mode)
        (node.accessed, node.modified, node.changed, node.born) = (now, now, now, now)
        if node.isDirectory { node.linkCount = 2 }
        return node
    }

    /// The last name or descriptor is gone.
    private func forget(_ number: UInt64) {
        step(.forget(number))
        freeNodes.append(number)
    }

    // MARK: Descriptors

    func opened(_ number: UInt64) { openCounts[number, default: 0] += 1 }

    func closed(_ number: UInt64) {
        let left = (openCounts[number] ?? 1) - 1
        openCounts[number] = left > 0 ? left : nil
        if left <= 0 { forgetNameless(number) }
    }

    func forgetNameless(_ number: UInt64) {
        guard !isStopped, openCounts[number] == nil, image.nodes[number]?.linkCount == 0 else {
            return
        }
        forget(number)
    }

    // MARK: Durability

    func syncAll() {
        durable = image
        pending.removeAll(keepingCapacity: true)
    }

    /// As a journaling file system does: all steps on names and attributes so far, and this
    /// object's data.
    func sync(_ number: UInt64) {
        var later: [Pending] = []
        for one in pending {
            if one.mutation.isData, one.mutation.node != number {
                later.append(one)
            } else {
                durable.apply(one.mutation)
            }
        }
        pending = later
    }

    /// The power goes.
    ///
    /// - Parameter choose: picks a number below its argument.
    func cut(_ choose: (Int) -> Int) {
        let first = pending.first?.call ?? 0
        // Often all or nothing, which leaves the two disks of a machine as far apart as can be.
        let last: Int
        switch choose(4) {
        case 0: last = first - 1
        case 1: last = call
        default: last = first - 1 + choose(call - first + 2)
        }
        let keeps = choose(3)
        var after = durable
        for one in pending {
            let mutation = one.mutation
            if mutation.isData {
                let isKept = keeps == 0 ? choose(2) == 0 : keeps == 1
                if isKept { after.apply(choose(8) == 0 ? mutation.torn(choose) : mutation) }
            } else if one.call <= last {
                after.apply(mutation)
            }
        }
        image = after
        openCounts = [:]
        removeNameless()
        durable = image
        pending = []
    }

    /// Becomes what it was once.
    func restore(_ image: DiskImage) {
        self.image = image
        openCounts = [:]
        removeNameless()
        durable = self.image
        pending = []
    }

    private func removeNameless() {
        var named: Set<UInt64> = [DiskImage.rootNode]
        var open = [DiskImage.rootNode]
        while let number = open.popLast() {
            let entries = image.nodes[number]?.entries ?? []
            for entry in entries where named.insert(entry.node).inserted {
                open.append(entry.node)
            }
        }
        image.nodes = image.nodes.filter { named.contains($0.key) }
        freeNodes = []
        var number = DiskImage.firstNode
        while number < nextNode {
            if image.nodes[number] == nil { freeNodes.append(number) }
            number += stride
        }
        freeNodes.reverse()
    }
}

enum DiskErrno {
    static let io = 5
    static let noSpace = 28
}
