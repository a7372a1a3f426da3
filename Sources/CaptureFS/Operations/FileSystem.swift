package import CaptureControl
internal import CLinuxFuse
internal import CPosix
package import FileSystemAccess
package import FuseKernel
internal import Glibc
internal import ReplicationModel
internal import Synchronization

/// What each request does: to the backing tree first, then a record, then the answer. Knows nothing
/// of how requests arrive. Any number of workers may call `answer` at once.
package final class FileSystem: Sendable {
    /// Any object of the backing mount, opened before our mount covered the path (not O_PATH).
    let backing: CInt
    let mount: UInt32
    let table: NodeTable
    let shards: Shards
    let cache: DescriptorCache
    let recorder: Recorder
    /// Operations on names happen one after the other.
    let namesLock = Mutex<Void>(())
    let counters = Counters()

    /// Nobody else changes the tree, so the kernel may keep names and attributes; an hour, so that
    /// changes made around the mount are seen some time.
    static let validSeconds: UInt64 = 3600

    /// - Parameters:
    ///   - backing: the root of the protected tree; owned by the caller.
    ///   - path: where it is mounted, absolute: selection rules speak of paths below it.
    ///   - mount: goes into every record's identity.
    ///   - descriptorCountMax: descriptors kept open for nodes.
    package init(
        backing: CInt, path: [UInt8], mount: UInt32, recorder: Recorder, descriptorCountMax: Int
    ) throws(Errno) {
        let status = try SystemCall.status(of: backing)
        self.backing = backing
        self.mount = mount
        self.recorder = recorder
        shards = Shards()
        cache = DescriptorCache(shards, countMax: descriptorCountMax)
        let handle = FileHandle(backing, "", flags: AT_EMPTY_PATH)
        let root = Node(
            id: 1, inode: UInt64(status.st_ino), device: UInt64(status.st_dev), type: .directory,
            handle: handle, mount: mount)
        root.isKept = true
        root.descriptor = try SystemCall.check { cposix_dup(backing) }
        root.access = .read
        table = NodeTable(root: root, rootPath: path, cache: cache)
    }

    /// Which names belong to which replication sets, for every change from here on.
    package func setRules(_ rules: SelectionRules) {
        shards.allLocked { table.setRules(rules) }
    }

    package var nodeCount: Int { table.count }
    package var descriptorCount: Int { cache.count + 1 }

    /// Serves one request; answers the bytes in the worker's output that are the reply, 0 for none.
    package func answer(_ request: Request, _ worker: Worker) -> Int {
        counters.operations.wrappingAdd(1, ordering: .relaxed)
        do throws(Errno) {
            return try perform(request, worker)
        } catch {
            return worker.reply.failure(request.header.unique, error.rawValue)
        }
    }

    private func perform(_ request: Request, _ worker: Worker) throws(Errno) -> Int {
        let call = Call(request.header, worker)
        switch request.operation {
        case .write(let fixed, let bytes): return try write(call, fixed, bytes)
        case .read(let offset, let count): return try read(call, offset, count)
        case .lookup(let name): return try lookup(call, name)
        case .getAttributes: return try getAttributes(call)
        case .forget(let count):
            table.forget(request.header.node, count)
            return 0
        case .batchForget(let count, let forgets):
            batchForget(count, forgets)
            return 0
        case .extendedStatus(let mask): return try extendedStatus(call, mask)
        case .setAttributes(let fixed): return try setAttributes(call, fixed)
        case .readLink: return try readLink(call)
        case .symbolicLink(let name, let target):
            return try symbolicLink(call, name, target)
        case .makeNode(let fixed, let name): return try makeNode(call, fixed, name)
        case .makeDirectory(let fixed, let name): return try makeDirectory(call, fixed, name)
        case .temporaryFile(let fixed): return try temporaryFile(call, fixed)
        case .unlink(let name): return try remove(call, name, isDirectory: false)
        case .removeDirectory(let name): return try remove(call, name, isDirectory: true)
        case .rename(let name, let newParent, let newName, let flags):
            return try rename(call, name, newParent, newName, flags)
        case .link(let node, let name): return try link(call, node, name)
        case .statistics: return try statistics(call)
        case .sync(let dataOnly), .syncDirectory(let dataOnly):
            return try sync(call, dataOnly: dataOnly)
        case .syncFileSystem: return try syncFileSystem(call)
        case .setExtended(let name, let value, let flags, let clearsSetgid):
            return try setExtended(call, name, value, flags, clearsSetgid)
        case .getExtended(let name, let capacity): return try getExtended(call, name, capacity)
        case .listExtended(let capacity): return try listExtended(call, capacity)
        case .removeExtended(let name): return try removeExtended(call, name)
        case .readDirectory(let offset, let capacity, let plus):
            return try readDirectory(call, offset, Int(capacity), plus: plus)
        case .control(let fixed, let input): return try control(call, fixed, input)
        case .allocate(let offset, let length, let mode):
            return try allocate(call, offset, length, mode)
        case .seek(let offset, let whence): return try seek(call, offset, whence)
        case .release, .destroy: return call.success()
        case .interrupt: return 0
        case .initialize: throw Errno(rawValue: EPROTO)
        case .leftToKernel: throw Errno(rawValue: ENOSYS)
        }
    }

    private func batchForget(_ count: Int, _ forgets: UnsafeRawBufferPointer) {
        for index in 0..<count {
            let place = index * MemoryLayout<fuse_forget_one>.stride
            let one = forgets.loadUnaligned(fromByteOffset: place, as: fuse_forget_one.self)
            table.forget(one.nodeid, one.nlookup)
        }
    }
}

/// A request being served, and the worker that serves it.
struct Call {
    let header: RequestHeader
    let worker: Worker

    init(_ header: RequestHeader, _ worker: Worker) {
        self.header = header
        self.worker = worker
    }

    var reply: Reply { worker.reply }

    func success() -> Int { reply.success(header.unique) }

    func entry(_ entry: Entry) -> Int { reply.entry(header.unique, entry) }
}

/// Counted, not guessed; read at any time.
struct Counters: ~Copyable, Sendable {
    let operations = Atomic<UInt64>(0)
    let writes = Atomic<UInt64>(0)
    let writtenBytes = Atomic<UInt64>(0)
}

extension FileSystem {
    /// Requests served, writes among them, and the bytes they wrote.
    package var counts: (operations: UInt64, writes: UInt64, writtenBytes: UInt64) {
        (
            counters.operations.load(ordering: .relaxed), counters.writes.load(ordering: .relaxed),
            counters.writtenBytes.load(ordering: .relaxed)
        )
    }
}
