internal import MirrorCore
internal import ReplicationModel

/// What VERIFY says of one name: what differs, what the target has, what it should have.
enum DifferenceWords {
    static func text(
        _ reason: EntryDifference.Reason, source: TreeEntry?, target: TreeEntry?
    ) -> String {
        let words = words(reason)
        guard let source, let target,
            let got = value(reason, target), let expected = value(reason, source)
        else { return words }
        return "\(words) (got \(got), expected \(expected))"
    }

    private static func words(_ reason: EntryDifference.Reason) -> String {
        switch reason {
        case .missing: "missing at the target"
        case .orphan: "at the target only"
        case .type: "another type"
        case .size: "another size"
        case .content: "another content"
        case .mode: "another mode"
        case .owner: "another owner"
        case .modified: "another modification time"
        case .extended: "other extended attributes"
        case .linkText: "another link text"
        case .unreadable: "cannot be read"
        case .linkCount: "other hard links"
        case .device: "another device number"
        }
    }

    /// nil: there is nothing to show.
    private static func value(_ reason: EntryDifference.Reason, _ entry: TreeEntry) -> String? {
        let attributes = entry.attributes
        return switch reason {
        case .type: type(attributes.type)
        case .size: "\(attributes.size) bytes"
        case .content, .linkText: entry.digest.map { "sum " + hex($0.high) + hex($0.low) }
        case .extended: entry.extendedDigest.map { $0 == 0 ? "none" : "sum " + hex($0) }
        case .mode: String(attributes.mode & 0o7777, radix: 8)
        case .owner: "\(attributes.user):\(attributes.group)"
        case .modified: Clock.text(attributes.modified)
        case .device: "\(attributes.deviceMajor):\(attributes.deviceMinor)"
        case .missing, .orphan, .unreadable, .linkCount: nil
        }
    }

    private static func hex(_ number: UInt64) -> String {
        let digits = String(number, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }

    private static func type(_ type: ObjectType) -> String {
        switch type {
        case .regular: "a file"
        case .directory: "a folder"
        case .symbolicLink: "a symbolic link"
        case .characterDevice, .blockDevice: "a device"
        case .fifo: "a pipe"
        case .socket: "a socket"
        case .unknown: "something unknown"
        }
    }
}
