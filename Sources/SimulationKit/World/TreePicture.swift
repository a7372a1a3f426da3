/// What a disk's tree looks like to a program: for comparing two trees.
struct TreePicture: Equatable {
    struct Object: Equatable, CustomStringConvertible {
        var mode: UInt32
        var user: UInt32
        var group: UInt32
        var data: [UInt8]
        var modified: Int64
        var extended: [[UInt8]: [UInt8]]
        /// The first path of the same object.
        var sameAs: String

        /// Whatever other names it has.
        func looks(like other: Object) -> Bool {
            var one = self
            one.sameAs = other.sameAs
            return one == other
        }

        var description: String {
            let sum = data.reduce(UInt32(0)) { $0 &* 31 &+ UInt32($1) }
            return "mode \(String(mode, radix: 8)) \(user):\(group) bytes \(data.count) sum \(sum) "
                + "modified \(modified) attributes \(extended.count) same as '\(sameAs)'"
        }
    }

    private(set) var objects: [String: Object] = [:]

    /// - Parameter path: names below the disk's root that lead to the tree's own root.
    init(_ image: DiskImage, below path: [String] = []) {
        var number = DiskImage.rootNode
        for name in path {
            guard let entry = image.nodes[number]?.entry(Array(name.utf8)) else { return }
            number = entry.node
        }
        var firstPaths: [UInt64: String] = [:]
        add("", number, image, &firstPaths)
    }

    private mutating func add(
        _ path: String, _ number: UInt64, _ image: DiskImage, _ firstPaths: inout [UInt64: String]
    ) {
        guard let node = image.nodes[number] else { return }
        let first = firstPaths[number] ?? path
        firstPaths[number] = first
        objects[path] = Object(
            mode: node.mode, user: node.user, group: node.group, data: node.data,
            modified: node.modified,
            extended: Dictionary(node.extended.map { ($0.name, $0.value) }) { $1 }, sameAs: first)
        for entry in node.entries.sorted(by: { $0.name.lexicographicallyPrecedes($1.name) }) {
            let name = String(decoding: entry.name, as: UTF8.self)
            add(path.isEmpty ? name : path + "/" + name, entry.node, image, &firstPaths)
        }
    }

    /// Paths that had one and the same object in all of some trees, and have something else here.
    func notExplained(by trees: [TreePicture]) -> [String] {
        guard let first = trees.first else { return ["no tree is known"] }
        // What is put aside changes the root's time.
        return first.objects.keys.sorted().filter { !$0.isEmpty }.compactMap { path in
            guard let object = first.objects[path],
                trees.allSatisfy({ $0.objects[path]?.looks(like: object) == true })
            else { return nil }
            if objects[path]?.looks(like: object) == true { return nil }
            return "'\(path)': \(objects[path].map(\.description) ?? "none") | \(object)"
        }
    }

    /// Where the contents differ.
    private static func bytes(_ one: Object?, _ two: Object?) -> String {
        guard let one, let two, one.data.count == two.data.count,
            let first = one.data.indices.first(where: { one.data[$0] != two.data[$0] }),
            let last = one.data.indices.last(where: { one.data[$0] != two.data[$0] })
        else { return "" }
        return ", bytes \(first)...\(last) differ, first \(one.data[first]) | \(two.data[first])"
    }

    /// Lines that say how this differs from another.
    func differences(from other: TreePicture) -> [String] {
        Set(objects.keys).union(other.objects.keys).sorted().compactMap { path in
            let (one, two) = (objects[path], other.objects[path])
            guard one != two else { return nil }
            return "'\(path)': \(one.map(\.description) ?? "none") | "
                + (two.map(\.description) ?? "none") + Self.bytes(one, two)
        }
    }
}
