internal import ReplicationModel

/// A name that the source has and whose object the target misses. By the identity of its directory,
/// so that it stays right wherever the directory goes.
struct AwaitedName: Hashable {
    let parent: FileID
    let name: [UInt8]
}

/// All that the source was asked for and did not send yet. Part of the map, and of its log: what
/// moved into a set is named once in the stream, and must be known after a crash, too.
struct Awaiting {
    private struct Request {
        /// Tells which came first.
        var number: UInt64
        /// The target has the object, and it may differ.
        var isKnown: Bool
    }

    private var names: [AwaitedName: Request] = [:]
    private var count: UInt64 = 0

    var isEmpty: Bool { names.isEmpty }

    /// Answers false when it was awaited before, in the same way.
    mutating func insert(_ name: AwaitedName, isKnown: Bool) -> Bool {
        count += 1
        if let before = names[name], !before.isKnown || isKnown { return false }
        names[name] = Request(number: count, isKnown: isKnown)
        return true
    }

    /// Answers whether it was awaited.
    mutating func remove(_ parent: FileID, _ name: UnsafeRawBufferPointer) -> Bool {
        names.removeValue(forKey: AwaitedName(parent: parent, name: Array(name))) != nil
    }

    /// Whether an object is awaited with all that is in it.
    func wantsAll(_ parent: FileID, _ name: UnsafeRawBufferPointer) -> Bool {
        guard !names.isEmpty else { return false }
        return names[AwaitedName(parent: parent, name: Array(name))].map { !$0.isKnown } ?? false
    }

    var inOrder: [(name: AwaitedName, isKnown: Bool)] {
        names.sorted { $0.value.number < $1.value.number }.map { ($0.key, $0.value.isKnown) }
    }
}
