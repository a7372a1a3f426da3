/// The source asks about one directory below a mapping's target.
package struct Inspect: WireMessage {
    /// Chosen by the asker, repeated in the answer.
    package var requestID: UInt64
    package var question: Question
    /// Which of the connection's mappings.
    package var mapping: UInt16
    /// The directory, below the mapping's root; empty: the root itself.
    package var path: [UInt8]
    /// The names that are asked about; none: all.
    package var entries: [Entry]

    package init(
        requestID: UInt64, question: Question, mapping: UInt16, path: [UInt8],
        entries: [Entry] = []
    ) {
        self.requestID = requestID
        self.question = question
        self.mapping = mapping
        self.path = path
        self.entries = entries
    }

    package enum Question: UInt8, CaseIterable, Hashable, Sendable {
        /// Names and attributes.
        case list = 1
        /// Names, attributes and digests of the entries named, or of all.
        case digest = 3
    }

    package static let kind = FrameKind.inspect

    package func write(to writer: inout MessageWriter) {
        writer.write(requestID)
        writer.write(question.rawValue)
        writer.write(mapping)
        writer.write(path)
        writer.writeCount(entries.count)
        for entry in entries { entry.write(to: &writer) }
    }

    package init(from reader: inout MessageReader) throws(WireError) {
        requestID = try reader.number()
        guard let question = Question(rawValue: try reader.number()) else {
            throw .badValue(.inspectKind)
        }
        self.question = question
        mapping = try reader.number()
        path = try reader.path()
        entries = try Entry.list(from: &reader)
    }
}
