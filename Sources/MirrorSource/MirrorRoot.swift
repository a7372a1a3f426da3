package import ReplicationModel

/// One mapping as the mirror sees it.
package struct MirrorRoot<Filter: MirrorFilter> {
    package var mapping: UInt16
    /// The folder in the backing tree, open for reading; the owner keeps it open.
    package var descriptor: CInt
    /// The folder's identity; its mount number holds for everything below.
    package var file: FileID
    package var filter: Filter

    package init(mapping: UInt16, descriptor: CInt, file: FileID, filter: Filter) {
        self.mapping = mapping
        self.descriptor = descriptor
        self.file = file
        self.filter = filter
    }
}

extension MirrorRoot: Sendable where Filter: Sendable {}

/// What kind of mirror.
package struct MirrorSettings: Hashable, Sendable {
    /// All content travels; otherwise the target is asked what it has.
    package var isFull: Bool
    package var removesOrphans: Bool
    /// Only what `enqueue` names is sent, not the roots' trees.
    package var isOnlyEnqueued = false
    /// Only what the walker's suspicion names is compared and sent, all else counts as equal.
    package var isResync = false
    /// Files that the target has are compared block by block, whatever size and time say.
    package var comparesContent = false
    /// A step ends after that many bytes or objects, so that changes are not kept waiting.
    package var stepBytesMax = 512 << 10
    package var stepObjectsMax = 64

    package init(isFull: Bool, removesOrphans: Bool) {
        self.isFull = isFull
        self.removesOrphans = removesOrphans
    }

    package var options: MirrorOptions {
        var options: MirrorOptions = []
        if isFull { options.insert(.full) }
        if removesOrphans { options.insert(.removeOrphans) }
        if isOnlyEnqueued { options.insert(.partial) }
        if isResync { options.insert(.resync) }
        return options
    }
}

/// What a step of a walker came to.
package enum MirrorStep: Hashable, Sendable {
    /// Records were added or directories counted; there is more.
    case progressed
    /// The batch has no room for the next record: finish it, and step again with an empty one.
    case batchFull
    /// Nothing can be done before an answer to a question, about a listing or about sums, comes.
    case waitingForListing
    /// All is sent. `enqueue` may bring new work.
    case finished
}

/// Asks what the target has in one directory.
package struct ListQuestion: Hashable, Sendable {
    package var id: UInt64
    package var mapping: UInt16
    package var path: [UInt8]
}

/// Asks for the sums of a file's blocks at the target.
package struct SumQuestion: Hashable, Sendable {
    package var id: UInt64
    package var file: FileID
    package var firstBlock: UInt64
    package var count: UInt32
}

/// A path that could not be read: it is left out, the rest goes on.
package struct MirrorProblem: Hashable, Sendable {
    package var mapping: UInt16
    package var path: [UInt8]
    package var errno: CInt

    package init(mapping: UInt16, path: [UInt8], errno: CInt) {
        self.mapping = mapping
        self.path = path
        self.errno = errno
    }
}
