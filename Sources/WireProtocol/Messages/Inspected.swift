/// The target's answer to `Inspect`, or a part of it.
package struct Inspected: WireMessage {
    package var requestID: UInt64
    /// 0, or the errno of the directory itself.
    package var status: Int32
    /// Further answers to the same question follow.
    package var hasMore: Bool
    package var entries: [Entry]
    package var differing: [Difference]

    package init(
        requestID: UInt64, status: Int32 = 0, hasMore: Bool = false, entries: [Entry] = [],
        differing: [Difference] = []
    ) {
        self.requestID = requestID
        self.status = status
        self.hasMore = hasMore
        self.entries = entries
        self.differing = differing
    }

    /// A name at which source and target are not the same.
    package struct Difference: Hashable, Sendable {
        package var name: [UInt8]
        package var reason: DifferenceReason

        package init(name: [UInt8], reason: DifferenceReason) {
            self.name = name
            self.reason = reason
        }

        package var byteCount: Int { name.count + 3 }

        static let byteCountMin = 4
    }

    package static let kind = FrameKind.inspected

    package func write(to writer: inout MessageWriter) {
        writer.write(requestID)
        writer.write(status)
        writer.write(hasMore)
        writer.writeCount(entries.count)
        for entry in entries { entry.write(to: &writer) }
        writer.writeCount(differing.count)
        for difference in differing {
            writer.write(difference.name)
            writer.write(difference.reason.rawValue)
        }
    }

    package init(from reader: inout MessageReader) throws(WireError) {
        requestID = try reader.number()
        status = try reader.number()
        hasMore = try reader.truth()
        entries = try Entry.list(from: &reader)
        let count = try reader.count(elementBytesMin: Difference.byteCountMin)
        differing = []
        differing.reserveCapacity(count)
        for _ in 0..<count {
            let name = try reader.entryName()
            differing.append(
                Difference(name: name, reason: DifferenceReason(rawValue: try reader.number())))
        }
    }
}

/// What differs; a number that this build does not know is shown as it is.
package struct DifferenceReason: RawRepresentable, Hashable, Sendable {
    package let rawValue: UInt8
    package init(rawValue: UInt8) { self.rawValue = rawValue }

    package static let missing = DifferenceReason(rawValue: 1)
    /// At the target only.
    package static let orphan = DifferenceReason(rawValue: 2)
    package static let type = DifferenceReason(rawValue: 3)
    package static let size = DifferenceReason(rawValue: 4)
    package static let content = DifferenceReason(rawValue: 5)
    package static let mode = DifferenceReason(rawValue: 6)
    package static let owner = DifferenceReason(rawValue: 7)
    package static let modified = DifferenceReason(rawValue: 8)
    package static let extended = DifferenceReason(rawValue: 9)
    package static let linkText = DifferenceReason(rawValue: 10)
    package static let unreadable = DifferenceReason(rawValue: 11)
    package static let linkCount = DifferenceReason(rawValue: 12)
    package static let device = DifferenceReason(rawValue: 13)
}
