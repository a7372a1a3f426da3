internal import ReplicationModel

/// The payload of `mirrorDirectory`: names one after the other, each with its length in one byte
/// before it. A directory's list may come in several records; the flags say which is the last.
package struct NameList: Sendable {
    package private(set) var bytes: [UInt8] = []

    package init() {}

    package var isEmpty: Bool { bytes.isEmpty }
    package var byteCount: Int { bytes.count }

    /// `name` is an entry's: 1 to 255 bytes.
    package mutating func append(_ name: UnsafeRawBufferPointer) {
        precondition((1...255).contains(name.count))
        bytes.append(UInt8(name.count))
        bytes.append(contentsOf: name)
    }

    package mutating func removeAll() { bytes.removeAll(keepingCapacity: true) }
}

/// Reads a `NameList` in place.
package struct NameListView: Sequence, IteratorProtocol {
    private var rest: UnsafeRawBufferPointer

    /// nil when the bytes are no list of entry names.
    package init?(_ payload: UnsafeRawBufferPointer) {
        var place = 0
        while place < payload.count {
            let end = place + 1 + Int(payload[place])
            guard end <= payload.count else { return nil }
            let name = UnsafeRawBufferPointer(rebasing: payload[place + 1..<end])
            guard NameChangeView.isEntryName(name) else { return nil }
            place = end
        }
        rest = payload
    }

    package mutating func next() -> UnsafeRawBufferPointer? {
        guard let count = rest.first else { return nil }
        let end = 1 + Int(count)
        defer { rest = UnsafeRawBufferPointer(rebasing: rest[end...]) }
        return UnsafeRawBufferPointer(rebasing: rest[1..<end])
    }
}
