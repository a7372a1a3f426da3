internal import CPosix
internal import FileSystemAccess
internal import Glibc
internal import MirrorCore
package import ReplicationModel
internal import WireProtocol

/// Where an object is found.
struct EntryPlace {
    var root: Int
    var directory: CInt
    var parent: FileID
    var parentModified: Int64
    /// Of the directory, below the root.
    var path: [UInt8]
    var name: [UInt8]
    /// As in `d_type`.
    var type: UInt8
    /// The target asked for it: its content goes with it, whatever was sent before.
    var isAwaited = false
    /// Only this object, not another that has the name by now.
    var wanted: FileID?
}

/// One object as records.
extension MirrorWalker {
    /// The root's own attributes; what is in it comes next.
    mutating func sendRoot(_ number: Int, _ batch: inout BatchBuilder) -> MirrorStep {
        let root = roots[number]
        var scope = WalkScope.suspects
        do throws(Errno) {
            let object = try SourceObject(root.descriptor, isPath: false, mount: root.file.mount)
            if settings.isResync { scope = rootScope(number, object) }
            let isSent = try send(
                object, file: root.file, name: [], parent: .none, parentModified: 0, flags: [],
                offset: Int64(root.mapping), &batch)
            guard isSent else { return .batchFull }
        } catch {
            note(number, [], error)
            return .progressed
        }
        pending.append(
            PendingDirectory(
                root: number, path: [], descriptor: root.descriptor, file: root.file,
                scope: scope))
        return .progressed
    }

    /// An object that the target asked for. One that is not there any more needs nothing.
    mutating func sendAwaited(
        _ number: Int, _ path: [UInt8], _ isKnown: Bool, _ batch: inout BatchBuilder
    ) -> MirrorStep {
        guard !path.isEmpty, includes(number, [], path, true) else { return .progressed }
        do throws(Errno) {
            try withEntry(number, path) { (walker, place) throws(Errno) in
                var place = place
                place.isAwaited = true
                if walker.settings.isResync {
                    _ = try walker.visit(place, isKnown ? .suspects : .whole, &batch)
                } else {
                    _ = try walker.sendEntry(place, known: nil, &batch)
                }
            }
        } catch {
            if !error.meansGone { note(number, path, error) }
        }
        return .progressed
    }

    /// Calls `body` with a path below a root as an entry of its directory.
    mutating func withEntry(
        _ number: Int, _ path: [UInt8],
        _ body: (inout Self, EntryPlace) throws(Errno) -> Void
    ) throws(Errno) {
        let root = roots[number]
        let place = BytePath(path)
        let parentPath = place.parent.isRoot ? BytePath(".") : place.parent
        let directory = try parentPath.withCString { (text) throws(Errno) in
            try SystemCall.openBeneath(root.descriptor, text, O_RDONLY | O_DIRECTORY | O_NOATIME)
        }
        defer { SystemCall.close(directory) }
        let status = try SystemCall.status(of: directory)
        let parent =
            place.parent.isRoot ? root.file : FileID(directory, status, mount: root.file.mount)
        try body(
            &self,
            EntryPlace(
                root: number, directory: directory, parent: parent,
                parentModified: cposix_nanoseconds(status.st_mtim), path: place.parent.bytes,
                name: place.name, type: 0))
    }

    /// Sends one entry of a directory; false: the batch has no room. `known`: what the target has
    /// under the name.
    mutating func sendEntry(
        _ place: EntryPlace, known: ObjectAttributes?, _ batch: inout BatchBuilder
    ) throws(Errno) -> Bool {
        guard batch.payloadRoom >= 1024 else { return false }
        let root = roots[place.root]
        let text = place.name.withUnsafeBytes { name.cString($0) }
        let found = try SourceObject.open(
            place.directory, text, typeNumber: place.type, mount: root.file.mount)
        guard let object = found else { return true }
        if let wanted = place.wanted, object.file != wanted {
            SystemCall.close(object.descriptor)
            return true
        }
        var isKept = false
        defer { if !isKept { SystemCall.close(object.descriptor) } }
        if object.file.inode == root.file.inode || object.device != devices[place.root] {
            throw .crossDevice
        }
        var flags: MirrorObjectFlags = []
        let attributes = object.attributes
        let hasNames = attributes.linkCount > 1 && attributes.type != .directory
        let isKnownByOtherName =
            hasNames && !place.isAwaited && namesLeft[object.file] != nil
        if hasNames { flags.insert(.hasOtherNames) }
        if attributes.type == .regular, !isKnownByOtherName {
            if settings.comparesContent, known?.type == .regular, !place.isAwaited {
                flags.insert(.compared)
            } else if settings.isFull || place.wanted != nil
                || Comparison.decide(source: attributes, target: known) == .content
            {
                flags.insert(.contentFollows)
                if object.hasHoles { flags.insert(.sparse) }
            }
        }
        let isSent = try send(
            object, file: object.file, name: place.name, parent: place.parent,
            parentModified: place.parentModified, flags: flags, offset: 0, &batch)
        guard isSent else { return false }
        if hasNames { countName(object) }
        if attributes.type == .directory {
            pending.append(
                PendingDirectory(
                    root: place.root, path: join(place.path, place.name),
                    descriptor: object.descriptor, file: object.file))
        } else if flags.contains(.contentFollows), attributes.size > 0 {
            file = FileWork(
                descriptor: object.descriptor, root: place.root, file: object.file,
                size: attributes.size, modified: attributes.modified,
                isSparse: flags.contains(.sparse))
            isKept = true
            _ = sendContent(&batch)
        } else if flags.contains(.compared) {
            pendingFiles.append(
                PendingFile(
                    root: place.root, path: join(place.path, place.name),
                    descriptor: object.descriptor, file: object.file, content: .all,
                    size: attributes.size))
        } else if attributes.type == .regular {
            progress.bytesDone += UInt64(max(attributes.size, 0))
        }
        return true
    }

    mutating func countName(_ object: SourceObject) {
        let left = namesLeft[object.file] ?? object.attributes.linkCount
        namesLeft[object.file] = left > 1 ? left - 1 : nil
    }

    /// A `mirrorObject` record; false: the batch has no room.
    mutating func send(
        _ object: SourceObject, file: FileID, name: [UInt8], parent: FileID, parentModified: Int64,
        flags: MirrorObjectFlags, offset: Int64, _ batch: inout BatchBuilder
    ) throws(Errno) -> Bool {
        var writer = AttributeWriter(room: attributeRoom)
        try objectReader.readAttributes(
            object.descriptor, isPath: object.isPath, &writer)
        var text = UnsafeRawBufferPointer(start: nil, count: 0)
        if object.attributes.type == .symbolicLink {
            text = try objectReader.readLink(object.descriptor)
        }
        var change = NameChange()
        change.parent = parent
        change.parentModified = parentModified
        change.attributes = object.attributes
        if object.attributes.type == .symbolicLink {
            change.attributes.size = Int64(text.count)
        }
        change.nameLength = UInt16(name.count)
        change.linkTextLength = UInt16(text.count)
        change.extendedLength = UInt32(writer.count)
        guard let payload = batch.reservePayload(change.byteCount) else { return false }
        payload.storeBytes(of: change, as: NameChange.self)
        var place = NameChange.fixedByteCount
        func put(_ bytes: UnsafeRawBufferPointer) {
            UnsafeMutableRawBufferPointer(rebasing: payload[place...]).copyMemory(from: bytes)
            place += bytes.count
        }
        name.withUnsafeBytes { put($0) }
        put(text)
        put(writer.bytes)
        var record = OperationRecord(.mirrorObject, file)
        record.sequence = position
        record.flags = flags.rawValue
        record.offset = offset
        record.time = object.attributes.modified
        record.checksum = Checksum.of(UnsafeRawBufferPointer(payload))
        batch.commit(record, payloadBytes: payload.count)
        bytesLeft -= payload.count
        return true
    }

    // MARK: Content

    /// Sends the next piece of the file at hand, at most a megabyte.
    mutating func sendContent(_ batch: inout BatchBuilder) -> MirrorStep {
        guard var work = file else { return .progressed }
        let before = work.offset
        do throws(Errno) {
            let result = try sendPiece(&work, &batch)
            if result == .batchFull {
                file = work
                return .batchFull
            }
        } catch {
            note(work.root, path(of: work.descriptor), error)
            work.offset = work.size
        }
        progress.bytesDone += UInt64(max(work.offset - before, 0))
        if work.offset >= work.size {
            SystemCall.close(work.descriptor)
            file = nil
        } else {
            file = work
        }
        return .progressed
    }

    private mutating func sendPiece(
        _ work: inout FileWork, _ batch: inout BatchBuilder
    ) throws(Errno) -> MirrorStep {
        var end = work.size
        if work.isSparse {
            guard
                let data = try FileExtents.nextData(
                    work.descriptor, from: work.offset, size: work.size)
            else {
                guard endContent(work, &batch) else { return .batchFull }
                work.offset = work.size
                return .progressed
            }
            work.offset = data.lowerBound
            end = data.upperBound
        }
        let wanted = Int(min(end - work.offset, Int64(Limits.writeBytesMax)))
        let room = batch.payloadRoom
        guard room > 0, room >= wanted || room >= 64 << 10,
            let payload = batch.reservePayload(min(wanted, room))
        else { return .batchFull }
        let count = try SystemCall.readAll(work.descriptor, payload, at: work.offset)
        guard count > 0 else {
            // Became shorter: a record about that follows.
            guard endContent(work, &batch) else { return .batchFull }
            work.offset = work.size
            return .progressed
        }
        if let status = try? SystemCall.status(of: work.descriptor) {
            // A change since the file was opened may have set a newer time.
            work.modified = cposix_nanoseconds(status.st_mtim)
        }
        var record = OperationRecord(.mirrorData, work.file)
        record.sequence = position
        record.offset = work.offset
        record.length = UInt64(count)
        record.time = work.modified
        if work.offset + Int64(count) >= work.size { record.flags = MirrorDataFlags.last.rawValue }
        // No sum of its own: the frame's is made a moment later, from the same memory.
        batch.commit(record, payloadBytes: count)
        work.offset += Int64(count)
        bytesLeft -= count
        progress.bytesSent += UInt64(count)
        return .progressed
    }

    /// Says that all of a file has come; false: the batch has no room.
    private func endContent(_ work: FileWork, _ batch: inout BatchBuilder) -> Bool {
        var record = OperationRecord(.mirrorData, work.file)
        record.sequence = position
        record.flags = MirrorDataFlags.last.rawValue
        // Changes since the last piece are in the stream, and have set a newer time.
        let status = try? SystemCall.status(of: work.descriptor)
        record.time = status.map { cposix_nanoseconds($0.st_mtim) } ?? work.modified
        return batch.append(record)
    }

    /// For a message only.
    private func path(of descriptor: CInt) -> [UInt8] {
        var room = [CChar](repeating: 0, count: Int(PATH_MAX))
        let count = cposix_readlinkat(
            AT_FDCWD, "/proc/self/fd/\(descriptor)", &room, room.count)
        return count > 0 ? room[..<Int(count)].map { UInt8(bitPattern: $0) } : []
    }
}

/// The records around a mirror.
package enum MirrorRecords {
    package static func begin(_ settings: MirrorSettings, position: UInt64) -> OperationRecord {
        var record = OperationRecord(.mirrorBegin, .none)
        record.sequence = position
        record.flags = settings.options.rawValue
        return record
    }

    package static func end(position: UInt64) -> OperationRecord {
        var record = OperationRecord(.mirrorEnd, .none)
        record.sequence = position
        return record
    }

    package static func stopped(position: UInt64) -> OperationRecord {
        var record = OperationRecord(.mirrorStopped, .none)
        record.sequence = position
        return record
    }
}
