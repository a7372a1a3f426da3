internal import CPosix
internal import Glibc
internal import ReplicationModel
internal import Synchronization

/// The nodes as the next server will find them. A record of 128 bytes for each, and its names
/// beside it. Who changes what is as with `Node`: the table's lock guards coming, going, names and
/// lookups, the node's shard the rest.
///
/// What is free is known to this process only; the next one finds it out by what is valid.
struct SharedNodes {
    let memory: SharedMemory
    private var free: [UInt32] = []
    private var used: Int
    private var names: SharedNames

    init(_ memory: SharedMemory) {
        self.memory = memory
        used = Int(memory[.nodesUsed])
        names = SharedNames(memory)
    }

    // MARK: Coming and going

    /// Gives the node a record, if there is room.
    mutating func add(_ node: Node) {
        let index: Int
        if let last = free.popLast() {
            index = Int(last)
        } else if used < memory.nodeCountMax {
            index = used
            used += 1
            memory[.nodesUsed] = UInt64(used)
        } else {
            memory.atomic(.unsharedNodes).pointee.wrappingAdd(1, ordering: .relaxed)
            return
        }
        let record = NodeRecord(memory.nodes + index * SharedMemory.nodeStride)
        record.fill(node)
        node.record = record
    }

    /// The node is gone for the next server. Its record must be given back by `release`.
    func remove(_ node: Node) { node.record?.invalidate() }

    /// After nobody can write to the node's record any more.
    mutating func release(_ record: NodeRecord) {
        free.append(UInt32((record.base - memory.nodes) / SharedMemory.nodeStride))
    }

    // MARK: Names

    mutating func addName(
        of node: Node, _ parent: Node, _ name: UnsafeRawBufferPointer
    ) -> UInt32 {
        node.record == nil ? SharedNames.none : names.add(node.id, parent.id, name)
    }

    mutating func removeName(_ place: UInt32) { names.remove(place) }

    // MARK: Taking over

    /// Every node that a former server left, without its names.
    mutating func restore(_ take: (NodeRecord) -> Void) {
        for index in 0..<used {
            let record = NodeRecord(memory.nodes + index * SharedMemory.nodeStride)
            if record.id == 0 { free.append(UInt32(index)) } else { take(record) }
        }
    }

    /// Every name that it left; those that `take` refuses are freed.
    mutating func restoreNames(
        _ take: (_ owner: UInt64, _ parent: UInt64, UnsafeRawBufferPointer, UInt32) -> Bool
    ) {
        names.restore(take)
    }
}

/// A node in the shared memory: 128 bytes.
struct NodeRecord {
    let base: UnsafeMutableRawPointer

    init(_ base: UnsafeMutableRawPointer) { self.base = base }

    private static let lookupsPlace = 24
    private static let descriptorPlace = 32
    private static let accessPlace = 36
    private static let flagsPlace = 40
    private static let typePlace = 44
    private static let handlePlace = 48

    struct Flags: OptionSet {
        let rawValue: UInt32
        static let kept = Flags(rawValue: 1)
        static let nameless = Flags(rawValue: 2)
    }

    /// The node's number; 0: free.
    var id: UInt64 { word(0).pointee.load(ordering: .acquiring) }
    var inode: UInt64 { base.load(fromByteOffset: 8, as: UInt64.self) }
    var device: UInt64 { base.load(fromByteOffset: 16, as: UInt64.self) }
    var type: ObjectType {
        ObjectType(rawValue: base.load(fromByteOffset: Self.typePlace, as: UInt8.self)) ?? .unknown
    }
    var handle: FileHandle? { FileHandle(stored: base + Self.handlePlace) }

    var lookups: UInt64 {
        get { base.load(fromByteOffset: Self.lookupsPlace, as: UInt64.self) }
        nonmutating set {
            base.storeBytes(of: newValue, toByteOffset: Self.lookupsPlace, as: UInt64.self)
        }
    }

    /// Descriptor and what it can do, one word: never the one without the other.
    var opened: (descriptor: CInt, access: DescriptorAccess) {
        get {
            let word = word(Self.descriptorPlace).pointee.load(ordering: .relaxed)
            return (
                CInt(truncatingIfNeeded: word),
                DescriptorAccess(rawValue: UInt8(truncatingIfNeeded: word >> 32)) ?? .none
            )
        }
        nonmutating set {
            let low = UInt64(UInt32(bitPattern: newValue.descriptor))
            word(Self.descriptorPlace).pointee.store(
                UInt64(newValue.access.rawValue) << 32 | low, ordering: .sequentiallyConsistent)
        }
    }

    var flags: Flags {
        get { Flags(rawValue: base.load(fromByteOffset: Self.flagsPlace, as: UInt32.self)) }
        nonmutating set {
            base.storeBytes(of: newValue.rawValue, toByteOffset: Self.flagsPlace, as: UInt32.self)
        }
    }

    func fill(_ node: Node) {
        base.storeBytes(of: node.file.inode, toByteOffset: 8, as: UInt64.self)
        base.storeBytes(of: node.device, toByteOffset: 16, as: UInt64.self)
        base.storeBytes(of: node.type.rawValue, toByteOffset: Self.typePlace, as: UInt8.self)
        FileHandle.store(node.handle, base + Self.handlePlace)
        lookups = node.lookups
        flags = node.flags
        opened = (node.descriptor, node.access)
        word(0).pointee.store(node.id, ordering: .sequentiallyConsistent)
    }

    func invalidate() { word(0).pointee.store(0, ordering: .sequentiallyConsistent) }

    private func word(_ place: Int) -> UnsafeMutablePointer<Atomic<UInt64>> {
        (base + place).assumingMemoryBound(to: Atomic<UInt64>.self)
    }
}
