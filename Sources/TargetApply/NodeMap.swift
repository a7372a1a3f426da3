internal import FileSystemAccess
internal import ReplicationModel

/// Which object of the target stands for which identity of the source, and under which names.
///
/// About 110 bytes for an object with one name. Numbers of nodes and links start at 1; 0 means
/// none. Every change is also written to `changes`, unless the map is being read back from them.
struct NodeMap: ~Copyable {
    private var nodes = RawTable<Node>()
    private var links = RawTable<Link>()
    private var bytes = RawTable<UInt8>(capacity: 64 << 10)
    private var byIdentity = HashIndex()
    private var byInode = HashIndex()
    private var byName = HashIndex()
    /// Head of the list of nodes that were removed and can be used again.
    private var freeNode: UInt32 = 0
    private var freeLink: UInt32 = 0
    private var unusedBytes = 0
    private(set) var nodeCount = 0
    /// By mapping.
    private var roots: [UInt32] = []
    /// What the source was asked for.
    private(set) var awaiting = Awaiting()
    /// What was changed since the last time it was taken.
    var changes = MapChanges()
    var isRecording = true

    init() {
        _ = nodes.append(Node())
        _ = links.append(Link())
        _ = bytes.append(0)
    }

    subscript(node: UInt32) -> Node { nodes[node] }
    subscript(link link: UInt32) -> Link { links[link] }

    // MARK: Finding

    func find(_ file: FileID) -> UInt32 {
        byIdentity.find(Self.hash(file)) { nodes[$0].file == file }
    }

    /// The node whose object at the target has this inode number.
    func find(targetInode: UInt64) -> UInt32 {
        targetInode == 0
            ? 0 : byInode.find(Self.hash(targetInode)) { nodes[$0].targetInode == targetInode }
    }

    func link(_ parent: UInt32, _ name: UnsafeRawBufferPointer) -> UInt32 {
        let hash = Self.hash(parent, name)
        return byName.find(hash) { place in
            let link = links[place]
            return link.hash == hash && link.parent == parent && isEqual(link.name, name)
        }
    }

    /// The root of mapping `index`.
    func root(_ index: UInt32) -> UInt32 { Int(index) < roots.count ? roots[Int(index)] : 0 }

    /// Whether `node` lies, by any of its names, below `directory`.
    func isBelow(_ node: UInt32, _ directory: UInt32) -> Bool {
        var link = nodes[node].firstLink
        while link != 0 {
            if isWithin(links[link].parent, directory) { return true }
            link = links[link].nextOfNode
        }
        return false
    }

    /// A name of `node` that does not lie below `directory` (0: anyone); 0: it has none.
    func link(of node: UInt32, notBelow directory: UInt32) -> UInt32 {
        var link = nodes[node].firstLink
        while link != 0, directory != 0, isWithin(links[link].parent, directory) {
            link = links[link].nextOfNode
        }
        return link
    }

    /// Whether `node` is `directory` or lies below it.
    private func isWithin(_ node: UInt32, _ directory: UInt32) -> Bool {
        var place = node
        while place != 0 {
            if place == directory { return true }
            let next = nodes[place].firstLink
            place = next == 0 ? 0 : links[next].parent
        }
        return false
    }

    /// Valid until the map changes; a NUL follows in memory.
    func name(of link: UInt32) -> UnsafeRawBufferPointer { stored(links[link].name) }

    func handle(of node: UInt32) -> UnsafeRawBufferPointer {
        let place = nodes[node].handle
        return place == 0 ? UnsafeRawBufferPointer(start: nil, count: 0) : stored(place)
    }

    // MARK: Changing

    /// Adds an object, or gives a known one another target object.
    mutating func bind(
        _ file: FileID, targetInode: UInt64, type: ObjectType, handle: UnsafeRawBufferPointer
    ) -> UInt32 {
        var place = find(file)
        defer { if isRecording { nodes[place].marks.insert(.met) } }
        // One object is one node: whoever had the inode number before lost its object.
        let holder = find(targetInode: targetInode)
        if holder != 0, holder != place { loseObject(holder) }
        if place != 0 {
            let known = nodes[place]
            if known.targetInode == targetInode, known.type == type.rawValue,
                isEqual(known.handle, handle)
            {
                return place
            }
            unindexInode(place)
            drop(known.handle)
        } else {
            place = newNode()
            nodes[place].file = file
            indexIdentity(place)
            nodeCount += 1
        }
        nodes[place].targetInode = targetInode
        nodes[place].type = type.rawValue
        nodes[place].handle = handle.isEmpty ? 0 : store(handle)
        indexInode(place)
        if isRecording { changes.bind(file, targetInode, type, handle) }
        return place
    }

    /// The target has no object for this node any more.
    mutating func loseObject(_ node: UInt32) {
        unindexInode(node)
        drop(nodes[node].handle)
        nodes[node].handle = 0
        nodes[node].targetInode = 0
        indexInode(node)
    }

    /// Makes `node` the root of mapping `index`.
    mutating func setRoot(_ node: UInt32, index: UInt32) {
        while roots.count <= Int(index) { roots.append(0) }
        roots[Int(index)] = node
        nodes[node].rootNumber = index + 1
        if isRecording { changes.root(nodes[node].file, index: index) }
    }

    /// Adds a name. The caller has removed what had it.
    mutating func attach(_ node: UInt32, _ parent: UInt32, _ name: UnsafeRawBufferPointer) {
        let place = newLink()
        var link = Link()
        link.node = node
        link.parent = parent
        link.hash = Self.hash(parent, name)
        link.name = store(name)
        link.nextOfNode = nodes[node].firstLink
        link.nextSibling = nodes[parent].firstChild
        links[place] = link
        if link.nextSibling != 0 { links[link.nextSibling].previousSibling = place }
        nodes[node].firstLink = place
        nodes[parent].firstChild = place
        let all = links.base
        byName.insert(place, link.hash) { all[Int($0)].hash }
        if isRecording { changes.attach(nodes[node].file, nodes[parent].file, name) }
    }

    /// Removes a name; the node stays, even without names.
    mutating func detach(_ place: UInt32) {
        let link = links[place]
        if isRecording { changes.detach(nodes[link.parent].file, stored(link.name)) }
        if link.previousSibling == 0 {
            nodes[link.parent].firstChild = link.nextSibling
        } else {
            links[link.previousSibling].nextSibling = link.nextSibling
        }
        if link.nextSibling != 0 {
            links[link.nextSibling].previousSibling = link.previousSibling
        }
        if nodes[link.node].firstLink == place {
            nodes[link.node].firstLink = link.nextOfNode
        } else {
            var before = nodes[link.node].firstLink
            while before != 0, links[before].nextOfNode != place {
                before = links[before].nextOfNode
            }
            if before != 0 { links[before].nextOfNode = link.nextOfNode }
        }
        let all = links.base
        byName.remove(place, link.hash) { all[Int($0)].hash }
        drop(link.name)
        links[place] = Link()
        links[place].nextOfNode = freeLink
        freeLink = place
        compactBytesIfWorthwhile()
    }

    /// Forgets an object, all its names, and all that lies below it.
    mutating func remove(_ root: UInt32) {
        var pending = [root]
        while let place = pending.popLast() {
            while nodes[place].firstChild != 0 {
                let child = links[nodes[place].firstChild].node
                detach(nodes[place].firstChild)
                if nodes[child].firstLink == 0, child != place { pending.append(child) }
            }
            while nodes[place].firstLink != 0 { detach(nodes[place].firstLink) }
            removeBare(place)
        }
    }

    private mutating func removeBare(_ place: UInt32) {
        let node = nodes[place]
        if isRecording { changes.remove(node.file) }
        unindexIdentity(place)
        unindexInode(place)
        drop(node.handle)
        if node.rootNumber != 0 { roots[Int(node.rootNumber - 1)] = 0 }
        nodes[place] = Node()
        nodes[place].firstLink = freeNode
        freeNode = place
        nodeCount -= 1
    }

    mutating func mark(_ node: UInt32, _ marks: NodeMarks) {
        if isRecording, marks.contains(.unfinished), !nodes[node].marks.contains(.unfinished) {
            changes.unfinished(nodes[node].file, true)
        }
        nodes[node].marks.formUnion(marks)
    }

    mutating func unmark(_ node: UInt32, _ marks: NodeMarks) {
        if isRecording, marks.contains(.unfinished), nodes[node].marks.contains(.unfinished) {
            changes.unfinished(nodes[node].file, false)
        }
        nodes[node].marks.subtract(marks)
    }

    /// Objects whose content has not come whole.
    var unfinished: [FileID] {
        (1..<UInt32(nodes.count)).compactMap { place in
            nodes[place].marks.contains(.unfinished) && nodes[place].file != .none
                ? nodes[place].file : nil
        }
    }

    /// A mirror begins: what it may rely on. Content that is not complete stays so.
    mutating func setAllMarks(_ marks: NodeMarks) {
        for place in 0..<UInt32(nodes.count) {
            nodes[place].marks =
                nodes[place].marks.intersection([.unfinished, .met]).union(marks)
        }
    }

    /// Where the descriptor cache has the object open; 0: not at all.
    mutating func setSlot(_ node: UInt32, _ slot: UInt16) { nodes[node].slot = slot }

    // MARK: Compared with the tree

    /// Objects, but for roots, that have none of these links.
    func nodes(withoutLinkIn links: Set<UInt32>) -> [UInt32] {
        (1..<UInt32(nodes.count)).filter { place in
            nodes[place].file != .none && nodes[place].rootNumber == 0
                && !hasLink(of: place, in: links)
        }
    }

    func hasLink(of node: UInt32, in some: Set<UInt32>) -> Bool {
        var link = nodes[node].firstLink
        while link != 0, !some.contains(link) { link = links[link].nextOfNode }
        return link != 0
    }

    /// Removes all names but these. Answers the objects that have none then.
    mutating func detachAll(but some: Set<UInt32>) -> [UInt32] {
        for place in 1..<UInt32(links.count) where links[place].node != 0 {
            if !some.contains(place) { detach(place) }
        }
        return nodes(withoutLinkIn: some)
    }

    // MARK: What is awaited

    /// Answers false when it was awaited before, in the same way.
    mutating func await(_ name: AwaitedName, isKnown: Bool) -> Bool {
        guard awaiting.insert(name, isKnown: isKnown) else { return false }
        if isRecording { changes.awaited(name, isKnown: isKnown) }
        return true
    }

    mutating func arrived(_ parent: FileID, _ name: UnsafeRawBufferPointer) {
        guard !awaiting.isEmpty, awaiting.remove(parent, name) else { return }
        if isRecording { changes.arrived(parent, name) }
    }

    /// What was awaited in directories that are gone is not any more.
    mutating func forgetAwaitedOfMissing() {
        guard !awaiting.isEmpty else { return }
        for (awaited, _) in awaiting.inOrder where find(awaited.parent) == 0 {
            awaited.name.withUnsafeBytes { arrived(awaited.parent, $0) }
        }
    }

    /// What a directory does not have at the source any more is not awaited.
    mutating func forgetAwaited(in parent: FileID, unless isListed: ([UInt8]) -> Bool) {
        guard !awaiting.isEmpty else { return }
        for (awaited, _) in awaiting.inOrder
        where awaited.parent == parent && !isListed(awaited.name) {
            awaited.name.withUnsafeBytes { arrived(parent, $0) }
        }
    }

    mutating func awaitNothing() {
        guard !awaiting.isEmpty else { return }
        awaiting = Awaiting()
        if isRecording { changes.arrived(.none, UnsafeRawBufferPointer(start: nil, count: 0)) }
    }

    // MARK: Whole

    /// Writes all that the map holds, objects before their names. `full` is called whenever
    /// `changes` holds a megabyte, and once more at the end.
    func write(
        to changes: inout MapChanges, full: (inout MapChanges) throws(Errno) -> Void
    ) throws(Errno) {
        for place in 1..<UInt32(nodes.count) where nodes[place].file != .none {
            let node = nodes[place]
            let type = ObjectType(rawValue: node.type) ?? .unknown
            changes.bind(node.file, node.targetInode, type, handle(of: place))
            if node.rootNumber != 0 { changes.root(node.file, index: node.rootNumber - 1) }
            if node.marks.contains(.unfinished) { changes.unfinished(node.file, true) }
            if changes.count > 1 << 20 { try full(&changes) }
        }
        for place in 1..<UInt32(links.count) where links[place].node != 0 {
            let link = links[place]
            changes.attach(nodes[link.node].file, nodes[link.parent].file, stored(link.name))
            if changes.count > 1 << 20 { try full(&changes) }
        }
        for (awaited, isKnown) in awaiting.inOrder { changes.awaited(awaited, isKnown: isKnown) }
        try full(&changes)
    }

    // MARK: Memory

    private mutating func newNode() -> UInt32 {
        guard freeNode != 0 else { return nodes.append(Node()) }
        let place = freeNode
        freeNode = nodes[place].firstLink
        nodes[place] = Node()
        return place
    }

    private mutating func newLink() -> UInt32 {
        guard freeLink != 0 else { return links.append(Link()) }
        let place = freeLink
        freeLink = links[place].nextOfNode
        return place
    }

    /// Keeps up to 255 bytes: their count, the bytes, a NUL.
    private mutating func store(_ text: UnsafeRawBufferPointer) -> UInt32 {
        // Copied first: the text may lie in memory that `reserve` moves.
        return withUnsafeTemporaryAllocation(byteCount: 256, alignment: 1) { copy in
            let count = min(text.count, 255)
            copy.copyMemory(from: UnsafeRawBufferPointer(rebasing: text[..<count]))
            bytes.reserve(count + 2)
            let place = bytes.count
            bytes.base[place] = UInt8(count)
            UnsafeMutableRawPointer(bytes.base + place + 1)
                .copyMemory(
                    from: copy.baseAddress ?? UnsafeMutableRawPointer(bytes.base),
                    byteCount: count)
            bytes.base[place + 1 + count] = 0
            bytes.add(count: count + 2)
            return UInt32(truncatingIfNeeded: place)
        }
    }

    private func stored(_ place: UInt32) -> UnsafeRawBufferPointer {
        let start = bytes.base + Int(place)
        return UnsafeRawBufferPointer(start: start + 1, count: Int(start[0]))
    }

    private func isEqual(_ place: UInt32, _ text: UnsafeRawBufferPointer) -> Bool {
        let own = place == 0 ? UnsafeRawBufferPointer(start: nil, count: 0) : stored(place)
        return own.count == text.count && own.elementsEqual(text)
    }

    private mutating func drop(_ place: UInt32) {
        if place != 0 { unusedBytes += stored(place).count + 2 }
    }

    /// Moves the texts together once more than half of their memory is of removed ones.
    private mutating func compactBytesIfWorthwhile() {
        guard unusedBytes > 1 << 20, unusedBytes * 2 > bytes.count else { return }
        var old = RawTable<UInt8>(capacity: max(bytes.count - unusedBytes + 1, 64 << 10))
        swap(&old, &bytes)
        _ = bytes.append(0)
        unusedBytes = 0
        func text(_ place: UInt32) -> UnsafeRawBufferPointer {
            let start = old.base + Int(place)
            return UnsafeRawBufferPointer(start: start + 1, count: Int(start[0]))
        }
        for place in 1..<UInt32(nodes.count) where nodes[place].handle != 0 {
            nodes[place].handle = store(text(nodes[place].handle))
        }
        for place in 1..<UInt32(links.count) where links[place].name != 0 {
            links[place].name = store(text(links[place].name))
        }
    }

    // MARK: Hashes

    private mutating func indexIdentity(_ node: UInt32) {
        let all = nodes.base
        byIdentity.insert(node, Self.hash(nodes[node].file)) { Self.hash(all[Int($0)].file) }
    }

    private mutating func unindexIdentity(_ node: UInt32) {
        let all = nodes.base
        byIdentity.remove(node, Self.hash(nodes[node].file)) { Self.hash(all[Int($0)].file) }
    }

    private mutating func indexInode(_ node: UInt32) {
        let all = nodes.base
        let inode = nodes[node].targetInode
        guard inode != 0 else { return }
        byInode.insert(node, Self.hash(inode)) { Self.hash(all[Int($0)].targetInode) }
    }

    private mutating func unindexInode(_ node: UInt32) {
        let all = nodes.base
        let inode = nodes[node].targetInode
        byInode.remove(node, Self.hash(inode)) { Self.hash(all[Int($0)].targetInode) }
    }

    private static func hash(_ file: FileID) -> UInt32 {
        let other = UInt64(file.generation) << 8 ^ UInt64(file.mount)
        return hash(file.inode ^ other &* 0x9E37_79B9_7F4A_7C15)
    }

    private static func hash(_ number: UInt64) -> UInt32 {
        var mixed = number &* 0xBF58_476D_1CE4_E5B9
        mixed ^= mixed >> 32
        mixed = mixed &* 0x94D0_49BB_1331_11EB
        return UInt32(truncatingIfNeeded: mixed >> 32)
    }

    private static func hash(_ parent: UInt32, _ name: UnsafeRawBufferPointer) -> UInt32 {
        Checksum.of(name) ^ hash(UInt64(parent))
    }
}

/// An object. `file` is `.none` in a node that is free; the list of free nodes runs in `firstLink`.
struct Node: BitwiseCopyable {
    var file = FileID.none
    var targetInode: UInt64 = 0
    var firstLink: UInt32 = 0
    /// The first link whose parent this is.
    var firstChild: UInt32 = 0
    /// Place of the target's file handle, which finds the object when its names do not.
    var handle: UInt32 = 0
    /// The mapping's index and 1 for a root; 0 for all others.
    var rootNumber: UInt32 = 0
    var slot: UInt16 = 0
    /// An `ObjectType`.
    var type: UInt8 = 0
    /// What the mirror that runs has said of it.
    var marks: NodeMarks = []
}

/// How far the mirror that runs has got with an object.
struct NodeMarks: OptionSet, BitwiseCopyable {
    let rawValue: UInt8
    init(rawValue: UInt8) { self.rawValue = rawValue }

    /// The object is there: it was made or found since the map was read.
    static let met = NodeMarks(rawValue: 128)
    /// What the target has is what the source has, up to the position at hand.
    static let confirmed = NodeMarks(rawValue: 1)
    /// A directory whose names have come: the mirror does not look for further ones in it.
    static let listed = NodeMarks(rawValue: 2)
    /// Where the map has the object is where the source has it.
    static let placed = NodeMarks(rawValue: 4)
    /// A file whose content has not come whole: it is kept from looking as if it had.
    static let unfinished = NodeMarks(rawValue: 8)
    /// A file that the mirror compares: it is unfinished because of that.
    static let compared = NodeMarks(rawValue: 16)
}

/// A name of an object in a directory.
struct Link: BitwiseCopyable {
    var node: UInt32 = 0
    var parent: UInt32 = 0
    var nextOfNode: UInt32 = 0
    var nextSibling: UInt32 = 0
    var previousSibling: UInt32 = 0
    var name: UInt32 = 0
    var hash: UInt32 = 0
}
