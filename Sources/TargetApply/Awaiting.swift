internal import ReplicationModel

/// A name that the source has and whose object the target misses. By the identity of its directory,
/// so that it stays right wherever the directory goes.
struct AwaitedName: Hashable {
    let parent: FileID
    let name: [UInt8]
}

/// All that the source was asked for and did not send yet.
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

    /// Whether anything is awaited that a walk over what the target knows would not find again.
    var hasUnknown: Bool { names.contains { !$0.value.isKnown } }

    /// Answers false when it was awaited before, in the same way.
    mutating func insert(_ name: AwaitedName, isKnown: Bool) -> Bool {
        count += 1
        if let before = names[name], !before.isKnown || isKnown { return false }
        names[name] = Request(number: count, isKnown: isKnown)
        return true
    }

    mutating func remove(_ parent: FileID, _ name: UnsafeRawBufferPointer) {
        if !names.isEmpty { names[AwaitedName(parent: parent, name: Array(name))] = nil }
    }

    mutating func removeAll() { names = [:] }

    /// Keeps what lies in directories that are there.
    mutating func keep(_ isThere: (FileID) -> Bool) {
        if !names.isEmpty { names = names.filter { isThere($0.key.parent) } }
    }

    var inOrder: [(name: AwaitedName, isKnown: Bool)] {
        names.sorted { $0.value.number < $1.value.number }.map { ($0.key, $0.value.isKnown) }
    }
}
