/// What lies on a simulated disk at one moment: a value, so that a copy costs nothing.
struct DiskImage: Sendable {
    var nodes: [UInt64: DiskNode] = [:]

    static let rootNode: UInt64 = 2
    static let firstNode: UInt64 = 12

    init() {
        nodes[Self.rootNode] = DiskNode(
            number: Self.rootNode, generation: 1, mode: UInt32(DiskNode.directory) | 0o755)
        nodes[Self.rootNode]?.linkCount = 2
    }

    /// Bytes that count against the capacity.
    var usedBytes: Int {
        nodes.values.reduce(0) { $0 + $1.data.count + 256 }
    }
}

/// An object on a simulated disk.
struct DiskNode: Sendable {
    let number: UInt64
    let generation: UInt32
    /// Type and permissions, as in `st_mode`.
    var mode: UInt32
    var user: UInt32 = 0
    var group: UInt32 = 0
    var linkCount: UInt32 = 1
    var device: UInt64 = 0
    /// Of a file, as long as its size; of a symbolic link, its text.
    var data: [UInt8] = []
    /// Of a file: numbers of the 4 KiB blocks that are no holes.
    var allocated: Set<Int> = []
    /// Of a directory, in the order of making.
    var entries: [DiskEntry] = []
    /// Of a directory.
    var parent: UInt64 = 0
    var extended: [(name: [UInt8], value: [UInt8])] = []
    /// Nanoseconds since 1970.
    var accessed: Int64 = 0
    var modified: Int64 = 0
    var changed: Int64 = 0
    var born: Int64 = 0

    init(number: UInt64, generation: UInt32, mode: UInt32) {
        self.number = number
        self.generation = generation
        self.mode = mode
    }

    static let typeMask = 0o170000
    static let directory = 0o040000
    static let regular = 0o100000
    static let link = 0o120000
    static let blockBytes = 4096

    var type: Int { Int(mode) & Self.typeMask }
    var isDirectory: Bool { type == Self.directory }

    func entry(_ name: [UInt8]) -> DiskEntry? { entries.first { $0.name == name } }
}

struct DiskEntry: Sendable {
    var name: [UInt8]
    var node: UInt64
    /// Where a reader of the directory goes on behind it; never given twice in a directory.
    var cookie: Int64
}
