internal import CPosix
internal import FileSystemAccess
internal import Glibc

/// A batch that is cut in its middle comes again, and what the map learned from its first half
/// would tell its changes that they are over: an object that one of them moves may have been
/// removed by a later one. So the map goes back to what its log says, as if the process had been
/// killed.
extension Applier {
    /// The batch at hand does not go on: it comes again as a whole.
    package func cutOffBatch() {
        repeatThrough = max(repeatThrough, sequence)
        isCutOff = true
        // A disk that fails now is asked again before anything else is made.
        try? startOverIfCutOff()
    }

    func startOverIfCutOff() throws(Errno) {
        guard isCutOff else { return }
        try startOver()
        isCutOff = false
        isMapUnsure = true
    }

    private func startOver() throws(Errno) {
        let status = try SystemCall.status(at: stateFolder.descriptor, MapLog.name)
        // Before the log is cut, which moves its time.
        try noteUnsure(since: cposix_nanoseconds(status.st_mtim))
        var known = NodeMap()
        guard
            let reopened = try MapLog.open(
                in: stateFolder.descriptor, limit: nil, map: &known)
        else {
            // What it made is compared.
            return requireResync()
        }
        closeWithoutTimes()
        map = known
        log = reopened
        (applied, journalID) = (log.applied, log.journalID)
        (listed, mirror) = (nil, nil)
        resync = ResyncState()
        unavailable = RecentFiles(countMax: 64 << 10)
        capabilities = [:]
        awaited = []
        for (number, root) in rootDescriptors.enumerated() {
            let node = map.root(UInt32(number))
            if node != 0 { pin(node, root.descriptor) }
        }
        // Those of before a mirror whose end is not on the disk yet do not count.
        let flags = syncer.isCompletingMirror ? [] : checkpoint.value.flags
        if flags.contains(.wholeRequired) { isWholeMirrorRequired = true }
        if flags.contains(.mirrorRequired) || !map.awaiting.isEmpty { isMirrorRequired = true }
        if isMirrorRequired || isInconsistent, !isWholeMirrorRequired { awaitResync() }
        publish()
    }

    /// Objects that were made since the log was written are not in the map.
    private func noteUnsure(since lastWritten: Int64) throws(Errno) {
        var start: Int64 = 0
        try checkpoint.update { start = $0.noteUnsure(since: lastWritten) }
        if !unsureTimes.isEmpty { start = min(start, unsureTimes.lowerBound) }
        // The clock may have been set back since the log was written.
        unsureTimes = start..<max(start, checkpoint.value.unsureTo)
    }

    /// The batch that comes again sets the times that are pending.
    private func closeWithoutTimes() {
        for slot in 1..<DescriptorCache.slotCount where cache[slot].node != 0 {
            if !cache[slot].isRoot { SystemCall.close(cache[slot].descriptor) }
            cache[slot] = OpenObject()
        }
    }
}
