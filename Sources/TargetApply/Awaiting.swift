internal import ReplicationModel

/// A name that the source has and whose object the target misses. By the identity of its directory,
/// so that it stays right wherever the directory goes.
struct AwaitedName: Hashable {
    let parent: FileID
    let name: [UInt8]
}

/// All that the source was asked for and did not send yet.
struct Awaiting {
    /// With a number that tells which came first.
    private var names: [AwaitedName: UInt64] = [:]
    private var count: UInt64 = 0

    var isEmpty: Bool { names.isEmpty }

    /// Answers false when it was awaited before.
    mutating func insert(_ name: AwaitedName) -> Bool {
        count += 1
        if names[name] != nil { return false }
        names[name] = count
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

    var inOrder: [AwaitedName] { names.sorted { $0.value < $1.value }.map(\.key) }
}
