internal import CPosix
package import FileSystemAccess
internal import Glibc
package import MirrorCore
internal import ReplicationModel

/// Answers what stands at the target, from the directories themselves. Runs beside the apply thread
/// and changes nothing; no link is followed and nothing outside a mapping's root is seen.
package final class Inspector {
    private let roots: [OwnedDescriptor]
    private var reader = ObjectReader()
    private var name = NameBuffer()

    /// Opens the folders of the mappings, which have to be there.
    package init(roots paths: [BytePath]) throws(Errno) {
        var roots: [OwnedDescriptor] = []
        for path in paths { roots.append(OwnedDescriptor(try DirectoryTree.open(path))) }
        self.roots = roots
    }

    /// Roots that are open already, for reading.
    package init(descriptors: [OwnedDescriptor]) { roots = descriptors }

    /// What a directory holds, names and attributes. `path` is relative to the mapping's root,
    /// empty for the root itself. Throws `noSuchFile` when there is no such directory.
    package func list(mapping: Int, path: BytePath) throws(Errno) -> [TreeEntry] {
        let directory = try open(mapping, path)
        defer { SystemCall.close(directory) }
        var entries: [TreeEntry] = []
        var directoryReader = DirectoryReader()
        try directoryReader.start(directory)
        while let entry = try directoryReader.next() {
            guard let text = entry.cString,
                let status = try? SystemCall.status(at: directory, text)
            else { continue }
            entries.append(Self.entry(Array(entry.name), status))
        }
        return entries
    }

    /// Names, attributes and digests: of the `names` given, or of all.
    package func digest(
        mapping: Int, path: BytePath, names: [[UInt8]]? = nil
    ) throws(Errno) -> [TreeEntry] {
        let directory = try open(mapping, path)
        defer { SystemCall.close(directory) }
        var entries: [TreeEntry] = []
        var wanted = names ?? []
        if names == nil {
            var directoryReader = DirectoryReader()
            try directoryReader.start(directory)
            while let entry = try directoryReader.next() { wanted.append(Array(entry.name)) }
        }
        for one in wanted {
            if let entry = try digest(directory, one) { entries.append(entry) }
        }
        return entries
    }

    /// nil: there is nothing of that name.
    private func digest(_ directory: CInt, _ one: [UInt8]) throws(Errno) -> TreeEntry? {
        let text = one.withUnsafeBytes { name.cString($0) }
        let status: stat
        do throws(Errno) {
            status = try SystemCall.status(at: directory, text)
        } catch {
            if error == .noSuchFile { return nil }
            throw error
        }
        var entry = Self.entry(one, status)
        do throws(Errno) {
            let isPath = ![.regular, .directory].contains(entry.attributes.type)
            let flags = isPath ? O_PATH : O_RDONLY | O_NONBLOCK | O_NOATIME | O_NOCTTY
            let descriptor = try SystemCall.open(at: directory, text, flags | O_NOFOLLOW)
            defer { SystemCall.close(descriptor) }
            var visitor = DigestVisitor()
            switch entry.attributes.type {
            case .regular: try reader.readContent(descriptor, &visitor)
            case .symbolicLink: visitor.visit(content: try reader.readLink(descriptor))
            default: break
            }
            try reader.readAttributes(descriptor, isPath: isPath, &visitor)
            (entry.digest, entry.extendedDigest) = visitor.digest.finish()
        } catch {
            if error == .noSuchFile { return nil }
            entry.isUnreadable = true
        }
        return entry
    }

    /// A directory's own attributes and the digest of its extended ones, under the name `.`: what
    /// the lists of its parent say of all but a mapping's root.
    package func own(mapping: Int, path: BytePath) throws(Errno) -> TreeEntry {
        let directory = try open(mapping, path)
        defer { SystemCall.close(directory) }
        var entry = Self.entry([0x2E], try SystemCall.status(of: directory))
        var visitor = DigestVisitor()
        try reader.readAttributes(directory, isPath: false, &visitor)
        (entry.digest, entry.extendedDigest) = visitor.digest.finish()
        return entry
    }

    private static func entry(_ name: [UInt8], _ status: stat) -> TreeEntry {
        var entry = TreeEntry(name: name, attributes: ObjectAttributes(status))
        if status.st_nlink > 1, entry.attributes.type != .directory {
            entry.inode = UInt64(status.st_ino)
        }
        return entry
    }

    private func open(_ mapping: Int, _ path: BytePath) throws(Errno) -> CInt {
        guard roots.indices.contains(mapping) else { throw .invalid }
        let root = roots[mapping].descriptor
        let place = path.isRoot ? BytePath(".") : path
        return try place.withCString { (text) throws(Errno) in
            try SystemCall.openBeneath(root, text, O_RDONLY | O_DIRECTORY | O_NOATIME)
        }
    }
}

struct DigestVisitor: ObjectVisitor, ~Copyable {
    var digest = ObjectDigest()

    mutating func visit(content: UnsafeRawBufferPointer) { digest.addContent(content) }

    mutating func visit(attribute name: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer) {
        digest.addAttribute(name: name, value: value)
    }
}

extension ObjectAttributes {
    init(_ status: stat) {
        self.init(
            mode: status.st_mode, user: status.st_uid, group: status.st_gid,
            linkCount: UInt64(status.st_nlink), device: UInt64(status.st_rdev),
            size: Int64(status.st_size), accessed: cposix_nanoseconds(status.st_atim),
            modified: cposix_nanoseconds(status.st_mtim))
    }
}
