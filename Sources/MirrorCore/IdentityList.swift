package import ReplicationModel

/// The payload of `mirrorDirectory` in a resync: names with the objects that they stand for, one
/// after the other.
///
///     length of the name (1) | flags (1) | inode (8) | generation (4) | name
///
/// The mount is that of the directory. A long list comes in several records.
package struct IdentityList: Sendable {
    package private(set) var bytes: [UInt8] = []

    package init() {}

    package var isEmpty: Bool { bytes.isEmpty }
    package var byteCount: Int { bytes.count }

    /// `name` is an entry's: 1 to 255 bytes.
    package mutating func append(
        _ name: UnsafeRawBufferPointer, _ file: FileID, _ flags: IdentityFlags
    ) {
        precondition((1...255).contains(name.count))
        bytes.append(UInt8(name.count))
        bytes.append(flags.rawValue)
        withUnsafeBytes(of: file.inode) { bytes.append(contentsOf: $0) }
        withUnsafeBytes(of: file.generation) { bytes.append(contentsOf: $0) }
        bytes.append(contentsOf: name)
    }

    package mutating func removeAll() { bytes.removeAll(keepingCapacity: true) }

    static let fixedByteCount = 14
}

package struct IdentityFlags: OptionSet, Sendable {
    package let rawValue: UInt8
    package init(rawValue: UInt8) { self.rawValue = rawValue }

    package static let isDirectory = IdentityFlags(rawValue: 1)
    /// The object has other names as well.
    package static let hasOtherNames = IdentityFlags(rawValue: 2)
    /// A `mirrorObject` of it follows: one that the target does not have need not be asked for.
    package static let objectFollows = IdentityFlags(rawValue: 4)
    /// Another file system is mounted there: what the target has of that name stays as it is.
    package static let onlyListed = IdentityFlags(rawValue: 8)
}

/// Reads an `IdentityList` in place.
package struct IdentityListView: Sequence, IteratorProtocol {
    package struct Element {
        package let name: UnsafeRawBufferPointer
        package let file: FileID
        package let flags: IdentityFlags
    }

    private var rest: UnsafeRawBufferPointer
    private let mount: UInt32

    /// nil when the bytes are no list of entries.
    package init?(_ payload: UnsafeRawBufferPointer, mount: UInt32) {
        let fixed = IdentityList.fixedByteCount
        var place = 0
        while place < payload.count {
            let end = place + fixed + Int(payload[place])
            guard end <= payload.count else { return nil }
            let name = UnsafeRawBufferPointer(rebasing: payload[place + fixed..<end])
            guard NameChangeView.isEntryName(name) else { return nil }
            place = end
        }
        rest = payload
        self.mount = mount
    }

    package mutating func next() -> Element? {
        let fixed = IdentityList.fixedByteCount
        guard let count = rest.first else { return nil }
        let end = fixed + Int(count)
        defer { rest = UnsafeRawBufferPointer(rebasing: rest[end...]) }
        return Element(
            name: UnsafeRawBufferPointer(rebasing: rest[fixed..<end]),
            file: FileID(
                inode: rest.loadUnaligned(fromByteOffset: 2, as: UInt64.self),
                generation: rest.loadUnaligned(fromByteOffset: 10, as: UInt32.self),
                mount: mount),
            flags: IdentityFlags(rawValue: rest[1]))
    }
}
