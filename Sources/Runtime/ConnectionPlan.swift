internal import CPosix
internal import CommandModel
internal import Glibc
internal import ReplicationModel
internal import StateStore

/// What a connection is for, fixed from CONNECT to DISCONNECT.
final class ConnectionPlan: Sendable {
    let id: UInt32
    let uuid: Digest
    let setName: String
    let peer: Peer
    let roots: [ReplicatedRoot]
    /// Where the set's folders go; there even where a folder is gone.
    let mappings: [PathMapping]
    /// The mounts whose captures see its changes.
    let mountPaths: Set<String>
    /// The set's bit in every record.
    let membershipBit: UInt16
    let replicates: Bool
    let removesOrphans: Bool
    /// Nanoseconds since 1970.
    let established: Int64

    /// - Parameter roots: none where a folder cannot be opened now; then `mountPaths` tells whose
    ///   changes it waits for.
    init(
        _ connection: OutgoingConnection, roots: [ReplicatedRoot], mountPaths: Set<String>? = nil
    ) {
        id = UInt32(connection.id)
        uuid = Self.digest(connection.uuid)
        setName = connection.set
        peer = connection.peer
        self.roots = roots
        mappings = connection.mappings
        self.mountPaths = mountPaths ?? Set(roots.compactMap(\.mountPath))
        membershipBit = 1 << UInt16(connection.membershipBit)
        replicates = connection.replicates
        removesOrphans = connection.removesOrphans
        established = connection.establishedNanoseconds
    }

    /// Where its `ContinuityReport` is kept in the store.
    var continuityKey: String { Self.continuityKey(Self.uuid(uuid)) }

    static func continuityKey(_ uuid: String) -> String { "continuity." + uuid }

    /// Whether what lies at a path may belong to it.
    func covers(_ path: String) -> Bool {
        mappings.contains { path == $0.source || Paths.lies(path, below: $0.source) }
    }

    /// What hooks are told with every event of the connection.
    var facts: CommandRecord {
        [
            "connection": .integer(Int64(id)), "set": .text(setName), "target": .text(peer.name),
            "targetAddress": .text(peer.address),
        ]
    }

    /// The 128 bits that a UUID's text writes down.
    static func digest(_ uuid: String) -> Digest {
        let digits = uuid.filter(\.isHexDigit)
        return Digest(
            low: UInt64(digits.suffix(16), radix: 16) ?? 0,
            high: UInt64(digits.prefix(16), radix: 16) ?? 0)
    }

    /// The other way round.
    static func uuid(_ digest: Digest) -> String {
        func hex(_ number: UInt64) -> String {
            let digits = String(number, radix: 16)
            return String(repeating: "0", count: 16 - digits.count) + digits
        }
        let all = Array(hex(digest.high) + hex(digest.low))
        return [all[0..<8], all[8..<12], all[12..<16], all[16..<20], all[20..<32]]
            .map { String($0) }.joined(separator: "-")
    }
}

/// One folder of the source that a connection mirrors, opened beneath its mount.
final class ReplicatedRoot: Sendable {
    let sourcePath: String
    let targetPath: String
    /// O_PATH, of the folder beneath the mount (or the folder itself where nothing is captured).
    let descriptor: CInt
    let file: FileID
    let device: UInt64
    /// Where the capture is mounted that sees its changes; nil: none.
    let mountPath: String?
    let filter: RootFilter

    init(
        sourcePath: String, targetPath: String, descriptor: CInt, mount: Int, mountPath: String?,
        filter: RootFilter
    ) {
        self.sourcePath = sourcePath
        self.targetPath = targetPath
        self.descriptor = descriptor
        self.mountPath = mountPath
        self.filter = filter
        var identity = cposix_identity()
        _ = cposix_identify(descriptor, "", CInt(AT_EMPTY_PATH), &identity)
        device = identity.device
        file = FileID(
            inode: identity.inode,
            generation: cposix_generation(descriptor, "", CInt(AT_EMPTY_PATH)),
            mount: UInt32(mount))
    }

    deinit { _ = cposix_close(descriptor) }
}
