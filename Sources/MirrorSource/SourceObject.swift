internal import CPosix
internal import FileSystemAccess
internal import Glibc
internal import MirrorCore
internal import ReplicationModel

extension ObjectAttributes {
    init(_ status: stat) {
        self.init(
            mode: status.st_mode, user: status.st_uid, group: status.st_gid,
            linkCount: UInt64(status.st_nlink), device: UInt64(status.st_rdev),
            size: Int64(status.st_size), accessed: cposix_nanoseconds(status.st_atim),
            modified: cposix_nanoseconds(status.st_mtim))
    }
}

extension Errno {
    /// Whether a path that was right a moment ago leads nowhere, or to something else, by now.
    var meansGone: Bool {
        switch self {
        case .noSuchFile, .notDirectory, .tooManyLinks, .stale: true
        default: false
        }
    }
}

extension FileID {
    /// Of an open object.
    init(_ descriptor: CInt, _ status: stat, mount: UInt32) {
        self.init(
            inode: UInt64(status.st_ino),
            generation: cposix_generation(descriptor, "", AT_EMPTY_PATH), mount: mount)
    }
}

/// An object of the source, open, with what a record about it says.
struct SourceObject {
    var descriptor: CInt
    /// Symbolic links and special files.
    var isPath: Bool
    var device: UInt64
    var blocks: Int64
    /// Change time, nanoseconds since 1970-01-01 UTC.
    var changed: Int64
    var file: FileID
    var attributes: ObjectAttributes

    /// Opens a name below a directory. `typeNumber` as in `d_type`; 0: unknown. nil: it is not
    /// there (any more).
    static func open(
        _ directory: CInt, _ name: UnsafePointer<CChar>, typeNumber: UInt8, mount: UInt32
    ) throws(Errno) -> SourceObject? {
        let found: SourceObject?
        do throws(Errno) {
            found = try openOnce(directory, name, typeNumber: typeNumber, mount: mount)
        } catch {
            guard typeNumber != 0, error != .noSuchFile else { throw error }
            found = nil
        }
        // What has the name now may be of another type than what was listed under it.
        if let found {
            let type = found.attributes.type
            if found.isPath == (type != .regular && type != .directory) { return found }
            SystemCall.close(found.descriptor)
        }
        return typeNumber == 0
            ? nil : try openOnce(directory, name, typeNumber: 0, mount: mount)
    }

    private static func openOnce(
        _ directory: CInt, _ name: UnsafePointer<CChar>, typeNumber: UInt8, mount: UInt32
    ) throws(Errno) -> SourceObject? {
        var type = typeNumber
        do throws(Errno) {
            if type == 0 {
                let status = try SystemCall.status(at: directory, name)
                type = ObjectType(mode: status.st_mode).rawValue
            }
            let isPath =
                type != ObjectType.regular.rawValue && type != ObjectType.directory.rawValue
            let flags = isPath ? O_PATH : O_RDONLY | O_NONBLOCK | O_NOATIME | O_NOCTTY
            let descriptor = try SystemCall.open(at: directory, name, flags | O_NOFOLLOW)
            do throws(Errno) {
                return try SourceObject(descriptor, isPath: isPath, mount: mount)
            } catch {
                SystemCall.close(descriptor)
                throw error
            }
        } catch {
            // Replaced between being listed and being opened: a record about that follows.
            switch error {
            case .noSuchFile, .tooManyLinks, .stale: return nil
            default: throw error
            }
        }
    }

    init(_ descriptor: CInt, isPath: Bool, mount: UInt32) throws(Errno) {
        let status = try SystemCall.status(of: descriptor)
        self.descriptor = descriptor
        self.isPath = isPath
        device = UInt64(status.st_dev)
        blocks = Int64(status.st_blocks)
        changed = cposix_nanoseconds(status.st_ctim)
        file = FileID(descriptor, status, mount: mount)
        attributes = ObjectAttributes(status)
    }

    /// Whether part of the file is a hole. The count of blocks cannot say: it includes those that
    /// hold extended attributes.
    var hasHoles: Bool {
        guard blocks * 512 < attributes.size + Self.attributeBytesMax else { return false }
        return FileExtents.hasHole(descriptor, size: attributes.size)
    }

    /// More than extended attributes occupy beside the data.
    private static let attributeBytesMax: Int64 = 1 << 20
}

/// Writes extended attributes as `AttributeChange`s, one after the other.
struct AttributeWriter: ObjectVisitor, ~Copyable {
    private let room: UnsafeMutableRawBufferPointer
    private(set) var count = 0

    init(room: UnsafeMutableRawBufferPointer) { self.room = room }

    var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: room[..<count]) }

    mutating func visit(content: UnsafeRawBufferPointer) {}

    /// One that has no room any more is left out: Linux keeps far less in one object.
    mutating func visit(attribute name: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer) {
        let fixed = AttributeChange.fixedByteCount
        let end = count + fixed + name.count + value.count
        guard end <= room.count, ObjectDigest.travels(Array(name)) else { return }
        var head = AttributeChange()
        head.nameLength = UInt16(name.count)
        head.valueLength = UInt32(value.count)
        room.storeBytes(of: head, toByteOffset: count, as: AttributeChange.self)
        UnsafeMutableRawBufferPointer(rebasing: room[(count + fixed)...]).copyMemory(from: name)
        UnsafeMutableRawBufferPointer(rebasing: room[(count + fixed + name.count)...])
            .copyMemory(from: value)
        count = end
    }
}
