/// The payload of every record about names: 128 fixed bytes, then the bytes of two names, of a
/// symbolic link's text, and of the extended attributes.
///
/// | kind | parent, name | otherParent, otherName | replaced |
/// |---|---|---|---|
/// | create, mirrorObject | the new name | - | - |
/// | link | the new name | - | - |
/// | unlink, removeDirectory, leave | the name that goes | - | - |
/// | rename | the old name | the new name | who had the new name; with exchange: the other one |
@frozen
package struct NameChange: BitwiseCopyable, Sendable {
    package var parent: FileID = .none
    package var otherParent: FileID = .none
    package var replaced: FileID = .none
    /// Modification time of the parent after the change, nanoseconds since 1970-01-01 UTC.
    package var parentModified: Int64 = 0
    package var otherParentModified: Int64 = 0
    /// The object's attributes after the change.
    package var attributes = ObjectAttributes()
    package var nameLength: UInt16 = 0
    package var otherNameLength: UInt16 = 0
    package var linkTextLength: UInt16 = 0
    /// Rename: membership under the new name (the record holds the one under the old name). Link:
    /// the object's membership before it (the record holds the one of the new name).
    package var otherMembership: UInt16 = 0
    /// Bytes of the extended attributes, see `AttributeChange`, one after the other.
    package var extendedLength: UInt32 = 0
    package var reserved: UInt32 = 0

    package init() {}

    package static let fixedByteCount = 128

    package var byteCount: Int {
        Self.fixedByteCount + Int(nameLength) + Int(otherNameLength) + Int(linkTextLength)
            + Int(extendedLength)
    }
}

/// What a record about names has in `flags`: renameat2's, and one of our own.
package struct NameFlags: OptionSet, Sendable {
    package let rawValue: UInt8
    package init(rawValue: UInt8) { self.rawValue = rawValue }

    package static let exchange = NameFlags(rawValue: 2)
    /// To a target: what gets the name was not replicated before, so its content is not known.
    package static let arrives = NameFlags(rawValue: 128)
}

/// Reads a `NameChange` payload in place. Every length is checked once, here.
package struct NameChangeView {
    package let change: NameChange
    package let name: UnsafeRawBufferPointer
    package let otherName: UnsafeRawBufferPointer
    package let linkText: UnsafeRawBufferPointer
    package let extended: UnsafeRawBufferPointer

    /// nil when the lengths do not add up, or a name is one that no directory entry can have.
    package init?(_ payload: UnsafeRawBufferPointer) {
        guard payload.count >= NameChange.fixedByteCount else { return nil }
        let change = payload.loadUnaligned(as: NameChange.self)
        guard change.byteCount == payload.count else { return nil }
        var place = NameChange.fixedByteCount
        func take(_ count: Int) -> UnsafeRawBufferPointer {
            defer { place += count }
            return UnsafeRawBufferPointer(rebasing: payload[place..<place + count])
        }
        self.change = change
        name = take(Int(change.nameLength))
        otherName = take(Int(change.otherNameLength))
        linkText = take(Int(change.linkTextLength))
        extended = take(Int(change.extendedLength))
        guard Self.isEntryName(name), otherName.isEmpty || Self.isEntryName(otherName) else {
            return nil
        }
    }

    /// A single component, not empty, not `.` or `..`, without `/` and NUL, at most 255 bytes.
    package static func isEntryName(_ name: UnsafeRawBufferPointer) -> Bool {
        guard (1...255).contains(name.count) else { return false }
        if name[0] == 0x2E, name.count == 1 || (name.count == 2 && name[1] == 0x2E) { return false }
        return !name.contains(0x2F) && !name.contains(0)
    }
}

/// One extended attribute: 8 fixed bytes, then name and value. The payload of `setExtended` and
/// `removeExtended`; in a `NameChange` several stand one after the other.
@frozen
package struct AttributeChange: BitwiseCopyable, Sendable {
    package var nameLength: UInt16 = 0
    package var reserved: UInt16 = 0
    package var valueLength: UInt32 = 0

    package init() {}

    package static let fixedByteCount = 8
}

/// Walks extended attributes in place; stops at the first that does not fit.
package struct AttributeChangeIterator: IteratorProtocol, Sequence {
    private var rest: UnsafeRawBufferPointer

    package init(_ bytes: UnsafeRawBufferPointer) { rest = bytes }

    package mutating func next() -> (name: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer)? {
        let fixed = AttributeChange.fixedByteCount
        guard rest.count >= fixed else { return nil }
        let head = rest.loadUnaligned(as: AttributeChange.self)
        let nameEnd = fixed + Int(head.nameLength)
        let end = nameEnd + Int(head.valueLength)
        guard end <= rest.count, (1...255).contains(Int(head.nameLength)) else {
            rest = UnsafeRawBufferPointer(start: nil, count: 0)
            return nil
        }
        let name = UnsafeRawBufferPointer(rebasing: rest[fixed..<nameEnd])
        let value = UnsafeRawBufferPointer(rebasing: rest[nameEnd..<end])
        rest = UnsafeRawBufferPointer(rebasing: rest[end...])
        return (name, value)
    }
}
