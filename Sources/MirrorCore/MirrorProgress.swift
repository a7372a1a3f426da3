/// How far a mirror or a verification is. Totals grow until the count is complete.
package struct MirrorProgress: Hashable, Sendable {
    package var objectsDone: UInt64 = 0
    package var objectsTotal: UInt64 = 0
    /// Of files, whether they had to travel or not.
    package var bytesDone: UInt64 = 0
    package var bytesTotal: UInt64 = 0
    /// Of files, sent.
    package var bytesSent: UInt64 = 0
    /// Of a resync: objects that may differ, and bytes of files that were compared by sums.
    package var objectsSuspect: UInt64 = 0
    package var bytesCompared: UInt64 = 0
    /// Of a resync: bytes that have to be compared, and those of them that need not be any more.
    /// They grow until all names have come.
    package var bytesToCompare: UInt64 = 0
    package var bytesSettled: UInt64 = 0
    package var areNamesDone = false
    package var isResync = false
    /// Whether the totals are final.
    package var isCounted = false
    /// Nanoseconds of any clock; the same one for `now` below.
    package var started: Int64 = 0

    package init() {}

    /// What one object costs beside its bytes, in bytes: small files count for more than they hold.
    package static let objectWeight: UInt64 = 16 << 10

    package var workDone: UInt64 { bytesDone &+ objectsDone &* Self.objectWeight }
    package var workTotal: UInt64 {
        max(workDone, bytesTotal &+ objectsTotal &* Self.objectWeight)
    }

    /// 0 to 100; nil while the total is not known. The first half of a resync are the objects that
    /// are looked at, of those that were counted; the second half are the bytes that are compared.
    package var percent: Double? {
        guard isCounted else { return nil }
        if isResync {
            let looked = areNamesDone ? 1 : Self.part(objectsDone, of: objectsTotal)
            let compared = areNamesDone ? Self.part(bytesSettled, of: bytesToCompare) : 0
            return (looked + compared) * 50
        }
        return workTotal == 0 ? 100 : Double(workDone) / Double(workTotal) * 100
    }

    private static func part(_ done: UInt64, of total: UInt64) -> Double {
        total == 0 ? 1 : min(1, Double(done) / Double(total))
    }

    /// Seconds to the end at the speed so far; nil while nothing can be said.
    package func secondsLeft(now: Int64) -> Double? {
        // What a resync still has to compare is known only when it has looked at everything.
        guard isCounted, !isResync, workDone > 0, now > started else { return nil }
        let rate = Double(workDone) / Double(now - started)
        return Double(workTotal - workDone) / rate / 1e9
    }
}
