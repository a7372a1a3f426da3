internal import CPosix
package import FileSystemAccess
internal import ReplicationModel
internal import Synchronization

/// How a queue survives a clean stop of the machine.
extension QueueKeeper {
    /// Puts all that memory holds on the disk, durably: records into segments, marks into sealed
    /// indexes, and a marker that allows the next boot to go on with the same journal. What finds
    /// no room as records becomes marks.
    ///
    /// Call it after `stop`, when no capture exists any more: a change that is appended afterwards
    /// would be lost, and one that is appended meanwhile makes it fail.
    ///
    /// - Throws: when anything is not on the disk. There is no marker then, and the next boot finds
    ///   out by itself what may differ.
    package func flushAll() throws(Errno) {
        let newest = memory.newest
        let folder = OwnedDescriptor(
            try DirectoryTree.open(settings.folder ?? settings.marksFolder, creating: 0o700))
        if store == nil || !spillAll() { putOutAll() }
        markEverything()
        try store?.sync()
        for (connection, kept) in connections.withLock({ $0 }) {
            let hasMarks = try kept.withIndex { (index) throws(Errno) in
                try index.seal(folder.descriptor)
                return !index.isEmpty
            }
            memory.setHasMarks(connection, hasMarks)
        }
        let origin = memory.ending()
        guard origin.newest == newest else { throw .busy }
        try CleanMarker.write(origin, folder.descriptor)
    }

    /// Whether every record that a follower needs lies in a segment now.
    private func spillAll() -> Bool {
        guard let store else { return false }
        return disk.withLock { state in
            state.pausedUntil = 0
            while let (first, last) = nextSpill(isForced: true) {
                if !spill(&state, store, first, last) { return false }
            }
            return true
        }
    }

    private func putOutAll() {
        memory.lock()
        defer { memory.unlock() }
        for slot in 0..<Limits.cursorCountMax {
            let follower = memory.follower(slot)
            guard follower.pointee.state == FollowerSlot.following,
                cposix_load64(releasedPlace(follower))
                    < memory.word64(JournalLayout.newestPlace).pointee
            else { continue }
            memory.startMarking(slot, .memoryFull, isIncomplete: false)
        }
    }

    private func markEverything() {
        while keep() {}
        for slot in 0..<Limits.cursorCountMax {
            let follower = memory.follower(slot).pointee
            guard follower.state == FollowerSlot.marking, let kept = kept(follower.connection)
            else { continue }
            while markBacklog(slot, kept) {}
        }
    }
}

extension JournalMemory {
    /// Remembers whether the connection has marks that must be found again.
    func setHasMarks(_ connection: UInt32, _ hasMarks: Bool) {
        lock()
        defer { unlock() }
        guard let slot = slot(of: connection) else { return }
        let follower = follower(slot)
        if hasMarks {
            follower.pointee.flags |= FollowerSlot.hasMarks
        } else {
            follower.pointee.flags &= ~FollowerSlot.hasMarks
        }
    }

    /// What the next boot begins with.
    func ending() -> JournalOrigin {
        lock()
        defer { unlock() }
        var origin = JournalOrigin()
        origin.journalID = journalID
        origin.newest = word64(JournalLayout.newestPlace).pointee
        origin.bytesTotal = word64(JournalLayout.bytesTotalPlace).pointee
        origin.followers = (0..<Limits.cursorCountMax).map { slot in
            var follower = follower(slot).pointee
            follower.pin = 0
            return follower
        }
        return origin
    }

    /// Whether a connection's marks must exist, because something was made a mark for it.
    func mustHaveMarks(_ connection: UInt32) -> Bool {
        lock()
        defer { unlock() }
        guard let slot = slot(of: connection) else { return false }
        let follower = follower(slot).pointee
        return follower.flags & FollowerSlot.hasMarks != 0
            || follower.state == FollowerSlot.marking && follower.markedThrough > 0
    }
}
