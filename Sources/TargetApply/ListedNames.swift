internal import ReplicationModel

/// The names that the source has in one directory, while the parts of the list come in. Kept as
/// sums, so that a million names take little memory; two names with the same sum would only keep
/// one of them from being removed.
struct ListedNames {
    let directory: FileID
    private var sums: Set<UInt64> = []

    init(_ directory: FileID) { self.directory = directory }

    mutating func insert(_ name: UnsafeRawBufferPointer) { sums.insert(Checksum.of64(name)) }

    func contains(_ name: UnsafeRawBufferPointer) -> Bool { sums.contains(Checksum.of64(name)) }
}
