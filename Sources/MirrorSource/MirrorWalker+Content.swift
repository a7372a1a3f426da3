internal import CPosix
internal import FileSystemAccess
internal import Glibc
internal import MirrorCore
internal import ReplicationModel
internal import WireProtocol

/// Content that is compared block by block: the target's sums are asked for ahead, the source's
/// blocks are read when they have come, and those that differ are sent at once.
///
/// The target's sums are of an earlier time than the source's bytes. That does no harm: what is
/// equal to a later state of the source stays so when the changes in between, which all are in the
/// stream, are made on it.
extension MirrorWalker {
    /// Files that are compared at the same time.
    private static var comparedMax: Int { 32 }

    mutating func compareContent(_ batch: inout BatchBuilder) -> MirrorStep {
        askForSums()
        guard var work = compared.first else { return .progressed }
        do throws(Errno) {
            let step = try compare(&work, &batch)
            if work.isDone, step == .progressed {
                guard try finish(work, &batch) else {
                    compared[0] = work
                    return .batchFull
                }
                closeFirstCompared()
            } else if step != .again {
                compared[0] = work
            }
            switch step {
            case .progressed, .again: return .progressed
            case .batchFull: return .batchFull
            case .waiting: return .waitingForListing
            }
        } catch {
            note(work.pending.root, work.pending.path, error)
            closeFirstCompared()
            return .progressed
        }
    }

    enum CompareStep { case progressed, batchFull, waiting, again }

    /// Opens the files that come next and asks about them.
    private mutating func askForSums() {
        while sums.hasRoom {
            if let place = compared.firstIndex(where: { !$0.isAsked }) {
                guard let blocks = compared[place].takeRest() else { continue }
                let id = sums.ask(
                    compared[place].pending.file, firstBlock: blocks.lowerBound,
                    count: UInt32(blocks.count))
                compared[place].asked.append(
                    ComparedFile.Asked(id: id, blocks: blocks, next: blocks.lowerBound))
                continue
            }
            guard compared.count < Self.comparedMax, nextPendingFile < pendingFiles.count else {
                return
            }
            open(pendingFiles[nextPendingFile])
            nextPendingFile += 1
            if nextPendingFile == pendingFiles.count {
                pendingFiles.removeAll(keepingCapacity: true)
                nextPendingFile = 0
            }
        }
    }

    /// Content is to be compared when all names are done.
    mutating func putOff(_ file: PendingFile) {
        pendingFiles.append(file)
        progress.bytesToCompare += file.plannedBytes
        if file.content == .all { wholeComparisons[file.file, default: 0] += 1 }
    }

    private mutating func isOver(_ file: PendingFile) {
        guard file.content == .all, let count = wholeComparisons[file.file] else { return }
        wholeComparisons[file.file] = count > 1 ? count - 1 : nil
    }

    private mutating func open(_ next: PendingFile) {
        let root = roots[next.root]
        do throws(Errno) {
            guard let descriptor = try next.open(below: root.descriptor, mount: root.file.mount)
            else {
                progress.bytesSettled += next.plannedBytes
                isOver(next)
                return
            }
            do throws(Errno) {
                let object = try SourceObject(descriptor, isPath: false, mount: root.file.mount)
                compared.append(
                    ComparedFile(
                        next, descriptor: descriptor, size: object.attributes.size,
                        isSparse: object.hasHoles))
            } catch {
                SystemCall.close(descriptor)
                throw error
            }
        } catch {
            progress.bytesSettled += next.plannedBytes
            isOver(next)
            note(next.root, next.path, error)
        }
    }

    private mutating func closeFirstCompared() {
        let work = compared.removeFirst()
        isOver(work.pending)
        progress.bytesSettled += work.pending.plannedBytes - work.settledBytes
        SystemCall.close(work.descriptor)
        for question in work.asked { sums.forget(question.id) }
    }

    private mutating func compare(
        _ work: inout ComparedFile, _ batch: inout BatchBuilder
    ) throws(Errno) -> CompareStep {
        guard let asked = work.asked.first else { return work.isDone ? .progressed : .waiting }
        guard let answer = sums.answer(to: asked.id) else { return .waiting }
        guard answer.status == 0 else { return sendInstead(work, &batch) }
        let status = try SystemCall.status(of: work.descriptor)
        let size = Int64(status.st_size)
        if !work.hasSetSize {
            // Space comes back first.
            if answer.size > size {
                guard appendSize(work, status, [.size], &batch) else { return .batchFull }
            }
            work.hasSetSize = true
        }
        guard asked.next < asked.blocks.upperBound else {
            work.asked.removeFirst()
            sums.forget(asked.id)
            return .progressed
        }
        let records = Self.chunkRecordsMax * OperationRecord.byteCount
        guard batch.payloadRoom >= Self.chunkBytes + records,
            batch.recordCount + Self.chunkRecordsMax < Limits.batchRecordsMax
        else { return .batchFull }
        let end = min(
            asked.blocks.upperBound, asked.next + UInt64(Int64(Self.chunkBytes) / Blocks.byteCount))
        let known = (asked.next..<end).map { block -> Digest? in
            let place = Int(block - asked.blocks.lowerBound)
            return place < answer.sums.count ? answer.sums[place] : nil
        }
        let before = progress.bytesCompared
        try compare(work, asked.next, known, status, &batch)
        let settled = min(
            progress.bytesCompared - before, work.pending.plannedBytes - work.settledBytes)
        work.settledBytes += settled
        progress.bytesSettled += settled
        work.asked[0].next = end
        return .progressed
    }

    /// Bytes that are read at once.
    static var chunkBytes: Int { 256 << 10 }

    /// Records that one chunk may take: for its runs of blocks, and for stretches within them.
    private static var chunkRecordsMax: Int { 4 * stretchesMax + 32 }
    private static var stretchesMax: Int { 32 }

    /// Reads blocks from `first` on and sends those that differ from what is known of the target's;
    /// nil: it has no such block.
    private mutating func compare(
        _ work: ComparedFile, _ first: UInt64, _ known: [Digest?], _ status: stat,
        _ batch: inout BatchBuilder
    ) throws(Errno) {
        let start = Int64(first) * Blocks.byteCount
        let size = Int64(status.st_size)
        let wanted = Int(min(Int64(known.count) * Blocks.byteCount, max(size - start, 0)))
        let room = UnsafeMutableRawBufferPointer(rebasing: compareRoom[..<wanted])
        let count = try SystemCall.readAll(work.descriptor, room, at: start)
        progress.bytesCompared += UInt64(count)
        progress.bytesDone += UInt64(count)
        bytesLeft -= count / 4
        var run = 0..<0
        for (number, sum) in known.enumerated() {
            let from = number * Int(Blocks.byteCount)
            guard from < count else { break }
            let to = min(from + Int(Blocks.byteCount), count)
            let block = UnsafeRawBufferPointer(rebasing: compareRoom[from..<to])
            switch try verdict(work, start + Int64(from), block, sum) {
            case .equal: break
            case .hole: appendHole(work, start + Int64(from), block.count, status, &batch)
            case .differs:
                if run.upperBound != from { try appendRun(work, start, run, status, &batch) }
                run = (run.upperBound == from ? run.lowerBound : from)..<to
            }
        }
        try appendRun(work, start, run, status, &batch)
    }

    private enum Verdict { case equal, hole, differs }

    private func verdict(
        _ work: ComparedFile, _ offset: Int64, _ block: UnsafeRawBufferPointer, _ sum: Digest?
    ) throws(Errno) -> Verdict {
        if work.isSparse {
            let end = offset + Int64(block.count)
            let data = try FileExtents.nextData(work.descriptor, from: offset, size: end)
            if data == nil { return sum == nil || sum == Blocks.hole ? .equal : .hole }
        }
        guard let sum else { return .differs }
        if sum == Blocks.hole { return block.allSatisfy { $0 == 0 } ? .equal : .differs }
        return Blocks.sum(of: block) == sum ? .equal : .differs
    }

    // MARK: Records

    /// Blocks that differ: data as data, and holes between it as holes. A file with more of them
    /// than a chunk can tell gets zeros instead of the last ones.
    private mutating func appendRun(
        _ work: ComparedFile, _ start: Int64, _ run: Range<Int>, _ status: stat,
        _ batch: inout BatchBuilder
    ) throws(Errno) {
        guard work.isSparse else { return appendData(work, start, run, status, &batch) }
        let end = start + Int64(run.upperBound)
        var place = run.lowerBound
        for _ in 0...Self.stretchesMax where place < run.upperBound {
            let data = try FileExtents.nextData(
                work.descriptor, from: start + Int64(place), size: end)
            let from = data.map { Int($0.lowerBound - start) } ?? run.upperBound
            if from > place {
                appendHole(work, start + Int64(place), from - place, status, &batch)
            }
            let to = data.map { Int($0.upperBound - start) } ?? run.upperBound
            appendData(work, start, from..<to, status, &batch)
            place = to
        }
        appendData(work, start, place..<run.upperBound, status, &batch)
    }

    private mutating func appendData(
        _ work: ComparedFile, _ start: Int64, _ run: Range<Int>, _ status: stat,
        _ batch: inout BatchBuilder
    ) {
        guard !run.isEmpty else { return }
        var record = OperationRecord(.mirrorData, work.pending.file)
        record.sequence = position
        record.offset = start + Int64(run.lowerBound)
        record.length = UInt64(run.count)
        record.time = cposix_nanoseconds(status.st_mtim)
        // There is room: it was made sure of for the whole chunk.
        _ = batch.append(record, payload: UnsafeRawBufferPointer(rebasing: compareRoom[run]))
        progress.bytesSent += UInt64(run.count)
        bytesLeft -= run.count
    }

    private mutating func appendHole(
        _ work: ComparedFile, _ offset: Int64, _ count: Int, _ status: stat,
        _ batch: inout BatchBuilder
    ) {
        var record = OperationRecord(.mirrorData, work.pending.file)
        record.sequence = position
        record.flags = MirrorDataFlags.hole.rawValue
        record.offset = offset
        record.length = UInt64(count)
        record.time = cposix_nanoseconds(status.st_mtim)
        _ = batch.append(record)
    }

    /// False: the batch has no room.
    private mutating func appendSize(
        _ work: ComparedFile, _ status: stat, _ flags: MirrorDataFlags,
        _ batch: inout BatchBuilder
    ) -> Bool {
        var record = OperationRecord(.mirrorData, work.pending.file)
        record.sequence = position
        record.flags = flags.rawValue
        record.length = UInt64(max(status.st_size, 0))
        record.time = cposix_nanoseconds(status.st_mtim)
        return batch.append(record)
    }

    private mutating func finish(
        _ work: ComparedFile, _ batch: inout BatchBuilder
    ) throws(Errno) -> Bool {
        let status = try SystemCall.status(of: work.descriptor)
        let own = work.pending.content == .all ? 1 : 0
        let isLast = (wholeComparisons[work.pending.file] ?? 0) <= own
        return appendSize(work, status, isLast ? [.size, .last] : .size, &batch)
    }

    /// The target does not have the file, or cannot read it: all of it is sent.
    private mutating func sendInstead(
        _ work: ComparedFile, _ batch: inout BatchBuilder
    ) -> CompareStep {
        guard batch.payloadRoom >= Limits.payloadBytesMax / 8 else { return .batchFull }
        let (number, wanted) = (work.pending.root, work.pending.file)
        let queued = work.pending.path
        let now = placeNow(work.descriptor, roots[number], queued) ?? queued
        // Of a file with several names the kernel says any, and it need not be in the set.
        let path = includes(number, [], now, false) ? now : queued
        closeFirstCompared()
        do throws(Errno) {
            try withEntry(number, path) { (walker, place) throws(Errno) in
                var place = place
                place.isAwaited = true
                place.wanted = wanted
                _ = try walker.sendEntry(place, known: nil, &batch)
            }
        } catch {
            if !error.meansGone { note(number, path, error) }
        }
        return .again
    }
}
