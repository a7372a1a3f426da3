package import ReplicationModel

/// Sums up one object for a comparison, the same way on both sides: the content byte by byte, the
/// extended attributes in the order of their names.
package struct ObjectDigest: ~Copyable {
    private var content = RunningDigest()
    private var attributes: [(name: [UInt8], value: [UInt8])] = []

    package init() {}

    package mutating func addContent(_ bytes: UnsafeRawBufferPointer) { content.add(bytes) }

    /// What belongs to one machine only (labels of a security module) is left out.
    package mutating func addAttribute(
        name: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer
    ) {
        let bytes = Array(name)
        guard Self.travels(bytes) else { return }
        attributes.append((bytes, Array(value)))
    }

    /// Of what was added since the last time.
    package mutating func finish() -> (content: Digest, extended: UInt64) {
        attributes.sort { $0.name.lexicographicallyPrecedes($1.name) }
        var bytes: [UInt8] = []
        for attribute in attributes {
            bytes += attribute.name
            bytes.append(0)
            withUnsafeBytes(of: UInt32(attribute.value.count)) { bytes += Array($0) }
            bytes += attribute.value
        }
        attributes.removeAll(keepingCapacity: true)
        let extended = bytes.isEmpty ? 0 : bytes.withUnsafeBytes { Checksum.of64($0) }
        return (content.finish(), extended)
    }

    /// Whether an extended attribute goes from source to target.
    package static func travels(_ name: [UInt8]) -> Bool {
        !name.starts(with: Self.security) || name == Self.capability
    }

    private static let security = Array("security.".utf8)
    private static let capability = Array("security.capability".utf8)
}
