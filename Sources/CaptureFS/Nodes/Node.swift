internal import CLinuxFuse
internal import CPosix
internal import Glibc
internal import ReplicationModel
internal import Synchronization

/// An object of the backing tree that the kernel (or a known child) refers to.
///
/// Who guards what: the table's lock `lookups`, `childCount`, `places`; the node's shard
/// `descriptor`, `access`, `isKept`, `isNameless`, `isRetired`; the descriptor cache's lock
/// `cacheSlot`. Everything else never changes or is atomic. What the next server needs if this one
/// is killed is written through to the node's record in the shared memory.
final class Node: @unchecked Sendable {
    let id: UInt64
    let file: FileID
    let device: UInt64
    let type: ObjectType
    /// nil: the file system has none, so the descriptor is kept as long as the node.
    let handle: FileHandle?

    /// How often the kernel was told of the node and has not yet forgotten it.
    var lookups: UInt64 = 0 {
        didSet { record?.lookups = lookups }
    }
    /// Places of other nodes that lie in this directory.
    var childCount = 0
    /// The names that are known: all that were looked up and not taken away since.
    var places: [Place] = []

    var descriptor: CInt = -1 {
        didSet { record?.opened = (descriptor, access) }
    }
    var access = DescriptorAccess.none {
        didSet { record?.opened = (descriptor, access) }
    }
    /// The descriptor is the only way to the object: it must not be closed to save room.
    var isKept = false {
        didSet { record?.flags = flags }
    }
    /// No name leads to it (O_TMPFILE, or the last one was removed): its changes are not recorded.
    var isNameless = false {
        didSet { record?.flags = flags }
    }
    /// Forgotten: whatever is opened now closes with the last reference.
    var isRetired = false

    /// Reads under way with the descriptor, outside the shard's lock.
    let pins = Atomic<Int>(0)
    let wasUsed = Atomic<Bool>(false)
    /// `security.capability` is known not to be there.
    let hasNoCapability = Atomic<Bool>(false)
    /// The hot generation in which it is known to be hot; 0: in none.
    let hot = Atomic<UInt32>(0)
    /// From the top: 40 bits of the table's generation, 8 bits count of names, 16 bits membership.
    let membershipCache = Atomic<UInt64>(0)
    var cacheSlot = -1
    /// nil: none, so the node ends with this server. Set under the table's lock, taken away under
    /// the table's and the shard's.
    var record: NodeRecord?

    init(
        id: UInt64, inode: UInt64, device: UInt64, type: ObjectType, handle: FileHandle?,
        mount: UInt32
    ) {
        self.id = id
        self.device = device
        self.type = type
        self.handle = handle
        file = FileID(inode: inode, generation: handle?.generation ?? 0, mount: mount)
        isKept = handle == nil
    }

    /// As a former server left it.
    init(_ record: NodeRecord, mount: UInt32) {
        id = record.id
        device = record.device
        type = record.type
        handle = record.handle
        file = FileID(inode: record.inode, generation: handle?.generation ?? 0, mount: mount)
        lookups = record.lookups
        (descriptor, access) = record.opened
        isKept = record.flags.contains(.kept) || handle == nil
        isNameless = record.flags.contains(.nameless)
        self.record = record
    }

    var flags: NodeRecord.Flags {
        var flags: NodeRecord.Flags = []
        if isKept { flags.insert(.kept) }
        if isNameless { flags.insert(.nameless) }
        return flags
    }

    /// Whether the descriptor that a record speaks of stands for the node's object.
    var ownsDescriptor: Bool {
        guard descriptor >= 0 else { return true }
        var status = stat()
        return cposix_fstat(descriptor, &status) == 0 && UInt64(status.st_ino) == file.inode
            && UInt64(status.st_dev) == device
    }

    deinit { if descriptor >= 0 { _ = cposix_close(descriptor) } }

    func pin() { pins.wrappingAdd(1, ordering: .acquiring) }
    func unpin() { pins.wrappingSubtract(1, ordering: .releasing) }
}

/// Where a name of a node lies.
struct Place {
    let parent: Node
    let name: [UInt8]
    /// Where the name lies in the shared memory.
    let shared: UInt32

    func isAt(_ other: Node, _ bytes: UnsafeRawBufferPointer) -> Bool {
        parent === other && name.elementsEqual(bytes)
    }
}

/// What a descriptor can be used for; each includes the ones before it.
enum DescriptorAccess: UInt8, Comparable {
    case none
    /// O_PATH: attributes and names.
    case path
    /// Data and directory entries can be read.
    case read
    case write

    static func < (one: Self, other: Self) -> Bool { one.rawValue < other.rawValue }
}
