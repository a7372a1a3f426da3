/// The target's answer to `Open`.
package struct Opened: WireMessage {
    package var isAccepted: Bool
    /// 0, or the number of the command error that the source reports.
    package var code: Int32
    /// For people; empty when accepted.
    package var reason: String
    /// All changes up to here are applied, in the journal below.
    package var applied: UInt64
    /// All changes up to here survive a power cut.
    package var durable: UInt64
    /// The incarnation of the source's journal that both positions belong to; 0: none yet.
    package var journalID: UInt64
    /// A mirror was begun and is not complete.
    package var isInconsistent: Bool
    /// Which mirror made the content; 0: none.
    package var mirrorGeneration: UInt64
    /// Only a whole mirror makes the copy good: the target does not know what it has, or a whole
    /// mirror was not finished. A resync builds on what it knows.
    package var needsWholeMirror: Bool
    /// Changes after `applied` may be there in part already, because the target's server was killed
    /// while it made them: until they all came again, the copy is of no single moment.
    package var isRepeating: Bool

    package init(
        isAccepted: Bool, code: Int32 = 0, reason: String = "", applied: UInt64 = 0,
        durable: UInt64 = 0, journalID: UInt64 = 0, isInconsistent: Bool = false,
        mirrorGeneration: UInt64 = 0, needsWholeMirror: Bool = false, isRepeating: Bool = false
    ) {
        self.isAccepted = isAccepted
        self.code = code
        self.reason = reason
        self.applied = applied
        self.durable = durable
        self.journalID = journalID
        self.isInconsistent = isInconsistent
        self.mirrorGeneration = mirrorGeneration
        self.needsWholeMirror = needsWholeMirror
        self.isRepeating = isRepeating
    }

    package static let kind = FrameKind.opened

    package func write(to writer: inout MessageWriter) {
        writer.write(isAccepted)
        writer.write(code)
        writer.write(reason)
        writer.write(applied)
        writer.write(durable)
        writer.write(journalID)
        writer.write(isInconsistent)
        writer.write(mirrorGeneration)
        writer.write(needsWholeMirror)
        writer.write(isRepeating)
    }

    package init(from reader: inout MessageReader) throws(WireError) {
        isAccepted = try reader.truth()
        code = try reader.number()
        reason = try reader.text()
        applied = try reader.number()
        durable = try reader.number()
        journalID = try reader.number()
        isInconsistent = try reader.truth()
        mirrorGeneration = try reader.number()
        needsWholeMirror = try reader.truth()
        isRepeating = try reader.truth()
    }
}
