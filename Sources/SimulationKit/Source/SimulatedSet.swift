internal import MirrorSource

/// Which part of the source's tree is replicated: all of it, or all but some names in the root and
/// what is below them.
struct SimulatedSet: MirrorFilter, Sendable {
    private let excluded: Set<[UInt8]>

    static let everything = SimulatedSet(excluded: [])
    /// Of the names that applications use, about a fifth.
    static let mostOfIt = SimulatedSet(
        excluded: Set(["n0", "n1", "n2", "n3", "n4"].map { Array($0.utf8) }))

    var includesAll: Bool { excluded.isEmpty }

    func includes(_ path: UnsafeRawBufferPointer, isDirectory: Bool) -> Bool {
        !excluded.contains(Array(path.prefix { $0 != 0x2F }))
    }

    /// - Parameter path: below the root.
    func membership(_ path: String) -> UInt16 {
        excluded.contains(Array(path.utf8.prefix { $0 != 0x2F })) ? 0 : 1
    }

    /// By any of an object's names.
    func membership(of number: UInt64, in image: DiskImage) -> UInt16 {
        if includesAll || number == DiskImage.rootNode { return 1 }
        var open = part(of: image).nodes[DiskImage.rootNode]?.entries ?? []
        while let entry = open.popLast() {
            if entry.node == number { return 1 }
            open += image.nodes[entry.node]?.entries ?? []
        }
        return 0
    }

    /// What a target of the set has of a tree.
    func part(of image: DiskImage) -> DiskImage {
        guard !includesAll else { return image }
        var part = image
        part.nodes[DiskImage.rootNode]?.entries.removeAll { excluded.contains($0.name) }
        return part
    }
}
