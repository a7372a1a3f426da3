internal import CPosix
internal import FileSystemAccess
internal import Glibc
package import MirrorCore
internal import ReplicationModel

/// The source's half of a verification: walks the tree and says of every directory what it has, with
/// digests, a part at a time. Runs on a thread of its own; whoever runs it asks the target about each
/// part and collects what differs.
package struct TreeDigest<Filter: MirrorFilter>: ~Copyable {
    private let roots: [MirrorRoot<Filter>]
    package private(set) var progress = MirrorProgress()
    private var counter: TreeCounter
    private var pending: [(root: Int, path: [UInt8])]
    private var names: [[UInt8]] = []
    private var namePlace = 0
    private var current: (root: Int, path: [UInt8])?
    private var directory: CInt = -1
    private var problems: [MirrorProblem] = []
    private var reader = ObjectReader()
    private var name = NameBuffer()

    /// Bytes of entries in one part: a message holds more.
    static var partBytesMax: Int { 2 << 20 }
    /// Bytes of files read for one part, unless one file alone has more.
    static var partContentMax: Int64 { 64 << 20 }

    package init(roots: [MirrorRoot<Filter>], started: Int64 = 0) {
        self.roots = roots
        counter = TreeCounter(rootCount: roots.count)
        pending = roots.indices.reversed().map { ($0, []) }
        progress.started = started
    }

    deinit { if directory >= 0 { SystemCall.close(directory) } }

    package mutating func takeProblems() -> [MirrorProblem] {
        defer { problems.removeAll() }
        return problems
    }

    /// The next part; nil: the tree is done. May read for a while: `isCancelled` is asked between
    /// two files, and true ends the part early.
    package mutating func next(isCancelled: () -> Bool = { false }) -> DigestPart? {
        if !counter.isDone { counter.step(roots, objectsMax: 4096, &progress) }
        while current == nil {
            guard let next = pending.popLast() else { return nil }
            open(next)
        }
        guard let place = current else { return nil }
        var part = DigestPart(mapping: roots[place.root].mapping, path: place.path)
        part.isFirst = namePlace == 0
        var (bytes, content) = (0, Int64(0))
        while namePlace < names.count, bytes < Self.partBytesMax, content < Self.partContentMax,
            !isCancelled()
        {
            let one = names[namePlace]
            namePlace += 1
            guard let entry = entry(one, place) else { continue }
            bytes += one.count + 96
            content += entry.attributes.size
            part.entries.append(entry)
        }
        if namePlace == names.count {
            part.isLast = true
            SystemCall.close(directory)
            directory = -1
            current = nil
            if !part.isFirst { part.allNames = names }
            names = []
        }
        return part
    }

    private mutating func open(_ next: (root: Int, path: [UInt8])) {
        let root = roots[next.root]
        let place = BytePath(next.path.isEmpty ? Array(".".utf8) : next.path)
        do throws(Errno) {
            directory = try place.withCString { (text) throws(Errno) in
                try SystemCall.openBeneath(
                    root.descriptor, text, O_RDONLY | O_DIRECTORY | O_NOATIME)
            }
            var directoryReader = DirectoryReader()
            try directoryReader.start(directory)
            names = []
            namePlace = 0
            while let entry = try directoryReader.next() {
                let name = Array(entry.name)
                let isDirectory = entry.typeNumber == ObjectType.directory.rawValue
                if includes(next.root, next.path, name, isDirectory) { names.append(name) }
            }
            current = next
        } catch {
            if directory >= 0 { SystemCall.close(directory) }
            directory = -1
            // Gone since it was listed: nothing to compare.
            if error != .noSuchFile { note(next, [], error) }
        }
    }

    /// nil: not there any more, or not readable.
    private mutating func entry(
        _ one: [UInt8], _ place: (root: Int, path: [UInt8])
    ) -> TreeEntry? {
        let text = one.withUnsafeBytes { name.cString($0) }
        let mount = roots[place.root].file.mount
        do throws(Errno) {
            guard
                let object = try SourceObject.open(directory, text, typeNumber: 0, mount: mount)
            else { return nil }
            defer { SystemCall.close(object.descriptor) }
            progress.objectsDone += 1
            var entry = TreeEntry(name: one, attributes: object.attributes)
            var visitor = DigestVisitor()
            switch object.attributes.type {
            case .regular:
                try reader.readContent(object.descriptor, &visitor)
                progress.bytesDone += UInt64(max(object.attributes.size, 0))
            case .symbolicLink: visitor.visit(content: try reader.readLink(object.descriptor))
            case .directory: pending.append((place.root, join(place.path, one)))
            default: break
            }
            try reader.readAttributes(object.descriptor, isPath: object.isPath, &visitor)
            (entry.digest, entry.extendedDigest) = visitor.digest.finish()
            return entry
        } catch {
            note(place, one, error)
            return nil
        }
    }

    private func includes(
        _ root: Int, _ path: [UInt8], _ name: [UInt8], _ isDirectory: Bool
    ) -> Bool {
        let filter = roots[root].filter
        if filter.includesAll { return true }
        return join(path, name).withUnsafeBytes { filter.includes($0, isDirectory: isDirectory) }
    }

    private func join(_ path: [UInt8], _ name: [UInt8]) -> [UInt8] {
        path.isEmpty ? name : path + [0x2F] + name
    }

    private mutating func note(
        _ place: (root: Int, path: [UInt8]), _ name: [UInt8], _ error: Errno
    ) {
        guard problems.count < 256 else { return }
        let path = name.isEmpty ? place.path : join(place.path, name)
        problems.append(
            MirrorProblem(
                mapping: roots[place.root].mapping, path: path, errno: error.rawValue))
    }
}

/// What the source has in one directory, or in a part of it.
package struct DigestPart: Hashable, Sendable {
    package var mapping: UInt16
    /// The directory, below the mapping's root.
    package var path: [UInt8]
    package var entries: [TreeEntry] = []
    package var isFirst = false
    package var isLast = false
    /// With the last of several parts: all names of the directory, for finding orphans.
    package var allNames: [[UInt8]] = []

    /// The part is the whole directory: what the target has beside it is an orphan.
    package var isWhole: Bool { isFirst && isLast }
}

struct DigestVisitor: ObjectVisitor, ~Copyable {
    var digest = ObjectDigest()

    mutating func visit(content: UnsafeRawBufferPointer) { digest.addContent(content) }

    mutating func visit(attribute name: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer) {
        digest.addAttribute(name: name, value: value)
    }
}
