/// How far the target has got with a connection. Every one replaces the one before.
package struct Acknowledge: WireMessage {
    /// All changes up to here can be read at the target.
    package var applied: UInt64
    /// All changes up to here survive a power cut; the source may forget them.
    package var durable: UInt64
    /// Bytes of batch bodies applied since the link was made; gives the send window back.
    package var appliedBytes: UInt64
    /// Objects that the target could not bring up to date.
    package var problemCount: UInt64
    /// Operations that were skipped because of them, or because content is awaited.
    package var skippedCount: UInt64
    package var flags: AcknowledgeFlags
    /// Control records of mirrors applied so far on this link, the last one's number.
    package var mirrorMarker: UInt64
    /// The newest problem, for people; empty: none.
    package var lastProblem: String
    /// For how long the target has not been able to go on (`outOfSpace`, `retrying`); 0: it can.
    package var stuckSeconds: UInt32
    /// Names that mirrors removed, since the target's server started.
    package var removedCount: UInt64
    /// Objects that mirrors found elsewhere and moved, since the target's server started.
    package var movedCount: UInt64

    package init(
        applied: UInt64, durable: UInt64, appliedBytes: UInt64 = 0, problemCount: UInt64 = 0,
        skippedCount: UInt64 = 0, flags: AcknowledgeFlags = [], mirrorMarker: UInt64 = 0,
        lastProblem: String = "", stuckSeconds: UInt32 = 0, removedCount: UInt64 = 0,
        movedCount: UInt64 = 0
    ) {
        self.applied = applied
        self.durable = durable
        self.appliedBytes = appliedBytes
        self.problemCount = problemCount
        self.skippedCount = skippedCount
        self.flags = flags
        self.mirrorMarker = mirrorMarker
        self.lastProblem = lastProblem
        self.stuckSeconds = stuckSeconds
        self.removedCount = removedCount
        self.movedCount = movedCount
    }

    package static let kind = FrameKind.acknowledge

    package func write(to writer: inout MessageWriter) {
        writer.write(applied)
        writer.write(durable)
        writer.write(appliedBytes)
        writer.write(problemCount)
        writer.write(skippedCount)
        writer.write(flags.rawValue)
        writer.write(mirrorMarker)
        writer.write(lastProblem)
        writer.write(stuckSeconds)
        writer.write(removedCount)
        writer.write(movedCount)
    }

    package init(from reader: inout MessageReader) throws(WireError) {
        applied = try reader.number()
        durable = try reader.number()
        appliedBytes = try reader.number()
        problemCount = try reader.number()
        skippedCount = try reader.number()
        flags = AcknowledgeFlags(rawValue: try reader.number())
        mirrorMarker = try reader.number()
        lastProblem = try reader.text()
        stuckSeconds = try reader.number()
        removedCount = try reader.number()
        movedCount = try reader.number()
    }
}

/// The state of the target's copy.
package struct AcknowledgeFlags: OptionSet, Hashable, Sendable {
    package let rawValue: UInt32
    package init(rawValue: UInt32) { self.rawValue = rawValue }

    /// A mirror is under way or was stopped: the copy is of no single moment.
    package static let inconsistent = AcknowledgeFlags(rawValue: 1)
    /// The copy differs in a way that only a mirror puts right.
    package static let mirrorRequired = AcknowledgeFlags(rawValue: 2)
    /// The target has no space; it tries again.
    package static let outOfSpace = AcknowledgeFlags(rawValue: 4)
    /// The target tries an operation again, for another reason.
    package static let retrying = AcknowledgeFlags(rawValue: 8)
    /// A resync does not put it right either: the target does not know what it has.
    package static let wholeMirrorRequired = AcknowledgeFlags(rawValue: 16)
    /// A mirror's end is applied and not yet on the disk: a power cut would undo it.
    package static let settling = AcknowledgeFlags(rawValue: 32)
    /// See `Opened.isRepeating`.
    package static let repeating = AcknowledgeFlags(rawValue: 64)
}
