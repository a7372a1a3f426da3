internal import FileSystemAccess
internal import MirrorCore
internal import ReplicationModel

/// What the target misses although the source has it. A mirror ends only when nothing is awaited.
extension Applier {
    /// Whether the mirror that runs has yet to say what the object is like. Until then its changes
    /// are skipped, because the mirror brings them, and so that size and time do not tell it that
    /// an older content is the right one.
    func isStale(_ node: UInt32) -> Bool {
        isWholeMirroring && map[node].rootNumber == 0 && !map[node].marks.contains(.confirmed)
    }

    /// The directory of that identity; 0: it is not known, or where the map has it is something
    /// that the mirror that runs is going to change.
    func reached(_ file: FileID) throws(Errno) -> UInt32 {
        let node = map.find(file)
        guard node != 0, isStale(node) else { return node }
        do throws(Errno) {
            _ = try openSlot(node)
            return node
        } catch {
            if error == .stale { return 0 }
            throw error
        }
    }

    /// Whether an object seems to be within another only because the mirror has not come to it yet.
    func seemsWithin(_ node: UInt32, _ directory: UInt32) -> Bool {
        isStale(node) && (node == directory || map.isBelow(node, directory))
    }

    /// Whether the mirror will come upon a new name in this directory by itself.
    func willBeListed(_ directory: UInt32) -> Bool {
        mirror != nil && !isResyncing && !map[directory].marks.contains(.listed)
    }

    /// A stale object got a name where the mirror does not look any more.
    func requestIfMissed(_ node: UInt32, _ parent: UInt32, _ name: UnsafeRawBufferPointer) {
        if isStale(node), !willBeListed(parent) {
            requestContent(parent, name, isKnown: true)
        } else {
            requestIfNotVisited(node, parent, name)
        }
    }

    /// Asks for what has a name now, unless the mirror will come upon it.
    func requestUnlessListed(_ parent: UInt32, _ name: UnsafeRawBufferPointer) {
        if willBeListed(parent) {
            count { $0.skipped += 1 }
        } else {
            requestContent(parent, name, isKnown: false)
        }
    }

    /// `isKnown`: the target has the object, and the source need only say what may differ.
    func requestContent(_ parent: UInt32, _ name: UnsafeRawBufferPointer, isKnown: Bool) {
        if !isKnown { count { $0.skipped += 1 } }
        if mirror == nil { awaitMirror() }
        let awaited = AwaitedName(parent: map[parent].file, name: Array(name))
        if map.await(awaited, isKnown: isKnown) {
            emitAwaited(parent, name, isKnown: isKnown)
        }
    }

    /// At a mirror's end: asks again for what did not come, at the paths that it has now. Answers
    /// whether there is anything.
    func requestAwaitedAgain() -> Bool {
        map.forgetAwaitedOfMissing()
        for (awaited, isKnown) in map.awaiting.inOrder {
            awaited.name.withUnsafeBytes {
                emitAwaited(map.find(awaited.parent), $0, isKnown: isKnown)
            }
        }
        return !map.awaiting.isEmpty
    }

    /// With a directory goes what is awaited in it.
    func forgetAwaitedOfMissing() { map.forgetAwaitedOfMissing() }
}
