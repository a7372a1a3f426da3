internal import CPosix
internal import FileSystemAccess
internal import Glibc
package import MirrorCore
package import ReplicationModel
package import WireProtocol

/// Turns a tree of the source into mirror records, a step at a time.
///
/// Belongs to the pump thread, which drains the journal between two steps and stamps each step with
/// the position it has reached: what a step reads holds every change up to there, and changes after
/// it follow in the stream. Directories are walked depth first; of each the target hears its names
/// first (what is gone goes), then its objects, then what is in its directories.
package struct MirrorWalker<Filter: MirrorFilter>: ~Copyable {
    let roots: [MirrorRoot<Filter>]
    let settings: MirrorSettings
    package internal(set) var progress = MirrorProgress()

    private var counter: TreeCounter
    /// Taken from the end.
    var pending: [PendingDirectory] = []
    /// Awaited objects, before everything else.
    private var enqueued: [(root: Int, path: [UInt8], isKnown: Bool)] = []
    private var nextRoot = 0
    private var directory: DirectoryWork?
    var file: FileWork?
    var questions = ListQuestions()
    let suspicion: any Suspicion

    // Content that is compared.
    var sums = SumQuestions()
    /// In the order in which they came up; those before `nextPendingFile` were taken.
    var pendingFiles: [PendingFile] = []
    /// How often files are to be compared whole. Only the last of several comparisons may say that
    /// all of a file has come, and none of a part as long as the whole is to follow.
    var wholeComparisons: [FileID: Int] = [:]
    var nextPendingFile = 0
    /// The first is the one at hand.
    var compared: [ComparedFile] = []
    let compareRoom: UnsafeMutableRawBufferPointer
    /// Names of a resync were sent after the last record that says that all have come.
    var hasOpenNames = false

    /// Objects with several names that were sent under one: how many names are still to come.
    var namesLeft: [FileID: UInt32] = [:]
    private var problems: [MirrorProblem] = []
    private var directoryReader = DirectoryReader()
    var objectReader = ObjectReader()
    var attributeRoom = UnsafeMutableRawBufferPointer.allocate(
        byteCount: Limits.payloadBytesMax - Limits.writeBytesMax, alignment: 8)
    var name = NameBuffer()
    var position: UInt64 = 0
    var bytesLeft = 0
    var objectsLeft = 0
    /// Of the roots: other file systems mounted below are no part of them.
    let devices: [UInt64]

    static var problemsMax: Int { 256 }
    /// Files that wait for being compared; with more of them, some are compared before all names
    /// have come.
    static var pendingFilesMax: Int { 64 << 10 }

    /// `started`: the clock that `progress.secondsLeft` will be asked with, nanoseconds.
    /// `suspicion`: what a resync looks at.
    package init(
        roots: [MirrorRoot<Filter>], settings: MirrorSettings, started: Int64 = 0,
        suspicion: any Suspicion = EverythingSuspicion()
    ) {
        self.roots = roots
        self.settings = settings
        self.suspicion = suspicion
        let compares = settings.isResync || settings.comparesContent
        compareRoom = .allocate(byteCount: compares ? Self.chunkBytes : 1, alignment: 4096)
        devices = roots.map { root in
            (try? SystemCall.status(of: root.descriptor)).map { UInt64($0.st_dev) } ?? 0
        }
        // A resync looks at every object once: what there is, is counted by the folders alone.
        counter = TreeCounter(
            rootCount: settings.isOnlyEnqueued ? 0 : roots.count,
            countsBytes: !settings.isResync)
        progress.isResync = settings.isResync
        nextRoot = settings.isOnlyEnqueued ? roots.count : 0
        progress.started = started
    }

    deinit {
        attributeRoom.deallocate()
        compareRoom.deallocate()
        if let file { SystemCall.close(file.descriptor) }
        for work in compared { SystemCall.close(work.descriptor) }
    }

    // MARK: Steps

    /// Adds records to `batch`, all with the sequence `position`.
    package mutating func step(into batch: inout BatchBuilder, position: UInt64) -> MirrorStep {
        self.position = position
        bytesLeft = settings.stepBytesMax
        objectsLeft = settings.stepObjectsMax
        if !counter.isDone {
            counter.step(roots, objectsMax: settings.stepObjectsMax * 4, &progress)
        }
        while bytesLeft > 0, objectsLeft > 0 {
            let result = advance(&batch)
            if result != .progressed { return result }
        }
        return .progressed
    }

    /// Mirrors what stands at a path now, and all below it, before going on: the target has heard
    /// of the object and does not have it. `isKnown`: it has it, and only wants to hear what this
    /// walker would have said had it come by it.
    package mutating func enqueue(mapping: UInt16, path: [UInt8], isKnown: Bool = false) {
        guard let root = roots.firstIndex(where: { $0.mapping == mapping }) else { return }
        enqueued.append((root, path, isKnown))
    }

    /// Questions to send to the target, in this order.
    package mutating func takeQuestions() -> [ListQuestion] {
        askAhead()
        return questions.take()
    }

    /// An answer, or a part of it. `status`: 0, or why the target cannot list the directory, which
    /// counts as having nothing there.
    package mutating func received(
        question: UInt64, status: CInt, entries: [TreeEntry], hasMore: Bool
    ) {
        questions.received(question, status == 0 ? entries : [], isLast: !hasMore)
    }

    /// Questions to send to the target, in this order, once what was written into batches before
    /// is on its way.
    package mutating func takeSumQuestions() -> [SumQuestion] { sums.take() }

    /// An answer. `status`: 0, or why the target has no sums of the file.
    package mutating func received(
        sums question: UInt64, status: CInt, size: Int64, sums: [Digest]
    ) {
        self.sums.received(
            question, SumQuestions.Answer(status: status, size: size, sums: sums))
    }

    package mutating func takeProblems() -> [MirrorProblem] {
        defer { problems.removeAll() }
        return problems
    }

    private mutating func advance(_ batch: inout BatchBuilder) -> MirrorStep {
        if file != nil { return sendContent(&batch) }
        if let next = enqueued.first {
            guard batch.payloadRoom >= Limits.payloadBytesMax / 8 else { return .batchFull }
            enqueued.removeFirst()
            return sendAwaited(next.root, next.path, next.isKnown, &batch)
        }
        if pendingFiles.count > Self.pendingFilesMax { return compareContent(&batch) }
        if directory != nil { return walk(&batch) }
        if !pending.isEmpty { return openNext() }
        if nextRoot < roots.count {
            let result = sendRoot(nextRoot, &batch)
            if result == .progressed { nextRoot += 1 }
            return result
        }
        if hasOpenNames { return endNames(&batch) }
        progress.areNamesDone = true
        if nextPendingFile < pendingFiles.count || !compared.isEmpty {
            return compareContent(&batch)
        }
        return .finished
    }

    // MARK: Directories

    private mutating func openNext() -> MirrorStep {
        askAhead()
        guard let next = pending.last else { return .progressed }
        var answer: [[UInt8]: ObjectAttributes] = [:]
        if asksForListings {
            guard let known = questions.answer(to: next.question) else { return .waitingForListing }
            answer = known
        }
        pending.removeLast()
        questions.forget(next.question)
        let root = roots[next.root]
        do throws(Errno) {
            guard let descriptor = try next.open(below: root.descriptor, mount: root.file.mount)
            else { return .progressed }
            let status = try SystemCall.status(of: descriptor)
            let path = currentPath(descriptor, root, next.path)
            guard let path else {
                // It left the set.
                SystemCall.close(descriptor)
                return .progressed
            }
            var work = try DirectoryWork(
                root: next.root, descriptor: descriptor, file: next.file, path: path,
                modified: cposix_nanoseconds(status.st_mtim), reader: &directoryReader)
            work.listing = answer
            work.scope = next.scope
            if settings.isResync { work.isListSent = !next.scope.contains(.listed) }
            directory = consume work
        } catch {
            note(next.root, next.path, error)
        }
        return .progressed
    }

    /// Where a directory is now below its root: it may have been renamed since it was queued.
    private func currentPath(
        _ descriptor: CInt, _ root: MirrorRoot<Filter>, _ queued: [UInt8]
    ) -> [UInt8]? {
        root.filter.includesAll ? queued : placeNow(descriptor, root, queued)
    }

    /// Where an open object is below a root; nil: elsewhere.
    func placeNow(
        _ descriptor: CInt, _ root: MirrorRoot<Filter>, _ queued: [UInt8]
    ) -> [UInt8]? {
        guard let top = linkText(root.descriptor), let place = linkText(descriptor) else {
            return queued
        }
        if place == top { return [] }
        guard place.starts(with: top), place.count > top.count + 1, place[top.count] == 0x2F else {
            return nil
        }
        return Array(place[(top.count + 1)...])
    }

    private func linkText(_ descriptor: CInt) -> [UInt8]? {
        var room = [CChar](repeating: 0, count: Int(PATH_MAX))
        let count = cposix_readlinkat(
            AT_FDCWD, "/proc/self/fd/\(descriptor)", &room, room.count)
        return count > 0 ? room[..<Int(count)].map { UInt8(bitPattern: $0) } : nil
    }

    private mutating func walk(_ batch: inout BatchBuilder) -> MirrorStep {
        guard var work = directory.take() else { return .progressed }
        let result = walk(&work, &batch)
        if !(work.isDone && work.isListSent) { directory = consume work }
        return result
    }

    private mutating func walk(
        _ work: inout DirectoryWork, _ batch: inout BatchBuilder
    ) -> MirrorStep {
        if !work.isListSent {
            return settings.isResync
                ? sendIdentities(&work, &batch) : sendNames(&work, &batch)
        }
        if work.isDone { return .progressed }
        if work.position != position {
            // Changes up to here are in the stream and have set a newer time.
            work.position = position
            if let status = try? SystemCall.status(of: work.descriptor) {
                work.modified = cposix_nanoseconds(status.st_mtim)
            }
        }
        let (type, name) = work.current()
        guard includes(work.root, work.path, name, type == ObjectType.directory.rawValue) else {
            work.next()
            objectsLeft -= 1
            return .progressed
        }
        do throws(Errno) {
            let place = EntryPlace(
                root: work.root, directory: work.descriptor, parent: work.file,
                parentModified: work.modified, path: work.path, name: name, type: type)
            let isSent =
                settings.isResync
                ? try visit(place, work.scope, &batch)
                : try sendEntry(place, known: work.listing[name], &batch)
            guard isSent else { return .batchFull }
        } catch {
            note(work.root, join(work.path, name), error)
        }
        work.next()
        objectsLeft -= 1
        progress.objectsDone += 1
        return .progressed
    }

    /// The names that the directory has, as one or several records.
    private mutating func sendNames(
        _ work: inout DirectoryWork, _ batch: inout BatchBuilder
    ) -> MirrorStep {
        guard batch.payloadRoom >= 64 << 10 else { return .batchFull }
        var list = NameList()
        let flags: NameListFlags = work.listPlace == 0 ? .first : []
        let (root, path) = (work.root, work.path)
        work.fill(&list, byteCountMax: min(batch.payloadRoom, 256 << 10)) { type, name in
            includes(root, path, name, type == ObjectType.directory.rawValue)
        }
        guard appendList(&work, flags, list.bytes, &batch) else { return .batchFull }
        bytesLeft -= list.byteCount
        return .progressed
    }

    /// A part of the list of what a directory has; false: the batch has no room. Then the list
    /// begins anew: what an earlier part said may not be true any more.
    mutating func appendList(
        _ work: inout DirectoryWork, _ flags: NameListFlags, _ list: [UInt8],
        _ batch: inout BatchBuilder
    ) -> Bool {
        var flags = flags
        if work.isListComplete { flags.insert(.last) }
        if settings.removesOrphans { flags.insert(.removeOrphans) }
        var record = OperationRecord(.mirrorDirectory, work.file)
        record.sequence = position
        record.flags = flags.rawValue
        record.time = work.modified
        let isSent = list.withUnsafeBytes { bytes in
            record.checksum = Checksum.of(bytes)
            return batch.append(record, payload: bytes)
        }
        if isSent { work.isListSent = work.isListComplete } else { work.listPlace = 0 }
        return isSent
    }

    func includes(_ root: Int, _ path: [UInt8], _ name: [UInt8], _ isDirectory: Bool) -> Bool {
        let filter = roots[root].filter
        if filter.includesAll { return true }
        return join(path, name).withUnsafeBytes { filter.includes($0, isDirectory: isDirectory) }
    }

    func join(_ path: [UInt8], _ name: [UInt8]) -> [UInt8] {
        path.isEmpty ? name : path + [0x2F] + name
    }

    // MARK: Questions

    private var asksForListings: Bool { !settings.isFull && !settings.isResync }

    /// Asks about the directories that come next, so that answers are there in time.
    private mutating func askAhead() {
        guard asksForListings else { return }
        var place = pending.count - 1
        while place >= 0, questions.hasRoom || place == pending.count - 1 {
            if pending.count - place > ListQuestions.countMax { return }
            if pending[place].question == 0 {
                pending[place].question = questions.ask(
                    mapping: roots[pending[place].root].mapping, path: pending[place].path)
            }
            place -= 1
        }
    }

    mutating func note(_ root: Int, _ path: [UInt8], _ error: Errno) {
        guard problems.count < Self.problemsMax else { return }
        problems.append(
            MirrorProblem(mapping: roots[root].mapping, path: path, errno: error.rawValue))
    }
}
