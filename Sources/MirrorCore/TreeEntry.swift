package import ReplicationModel

/// What a directory has under one name, on either side.
package struct TreeEntry: Hashable, Sendable {
    package var name: [UInt8]
    package var attributes: ObjectAttributes
    /// Of a file's content or a symbolic link's text; nil when it was not asked for.
    package var digest: Digest?
    /// Of all extended attributes; nil when it was not asked for.
    package var extendedDigest: UInt64?
    /// The object's inode number, where it has several names; 0 otherwise.
    package var inode: UInt64 = 0
    /// It is there, and could not be read.
    package var isUnreadable = false

    package init(
        name: [UInt8], attributes: ObjectAttributes, digest: Digest? = nil,
        extendedDigest: UInt64? = nil
    ) {
        self.name = name
        self.attributes = attributes
        self.digest = digest
        self.extendedDigest = extendedDigest
    }
}
