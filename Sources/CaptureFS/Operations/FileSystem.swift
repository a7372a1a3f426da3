internal import CaptureControl
internal import CLinuxFuse
internal import CPosix
internal import FileSystemAccess
internal import FuseKernel
internal import Glibc
internal import ReplicationModel
internal import Synchronization

/// What each request does: to the backing tree first, then a record, then the answer. Knows nothing
/// of how requests arrive. Any number of workers may call `answer` at once.
final class FileSystem: Sendable {
    /// Any object of the backing mount, opened before our mount covered the path (not O_PATH).
    let backing: CInt
    let mount: UInt32
    let table: NodeTable
    let shards: Shards
    let cache: DescriptorCache
    let recorder: Recorder
    let memory: SharedMemory
    let heat: Heat
    /// Operations on names happen one after the other.
    let namesLock = Mutex<Void>(())
    let counters: Counters

    /// Nobody else changes the tree, so the kernel may keep names and attributes; an hour, so that
    /// changes made around the mount are seen some time.
    static let validSeconds: UInt64 = 3600

    /// - Parameters:
    ///   - backing: the root of the protected tree; owned by the caller.
    ///   - path: where it is mounted, absolute: selection rules speak of paths below it.
    ///   - root: another descriptor of it, to be kept open; owned from here on.
    ///   - mount: goes into every record's identity.
    ///   - memory: what a former server left there is gone on with.
    ///   - descriptorCountMax: descriptors kept open for nodes.
    init(
        backing: CInt, root rootDescriptor: CInt, path: [UInt8], mount: UInt32,
        recorder: Recorder, heat: Heat, memory: SharedMemory, descriptorCountMax: Int
    ) throws(Errno) {
        let status = try SystemCall.status(of: backing)
        self.backing = backing
        self.mount = mount
        self.recorder = recorder
        self.memory = memory
        self.heat = heat
        counters = Counters(memory)
        shards = Shards()
        cache = DescriptorCache(shards, countMax: descriptorCountMax)
        let handle = FileHandle(backing, "", flags: AT_EMPTY_PATH)
        let root = Node(
            id: 1, inode: UInt64(status.st_ino), device: UInt64(status.st_dev), type: .directory,
            handle: handle, mount: mount)
        root.isKept = true
        root.descriptor = rootDescriptor
        root.access = .read
        table = NodeTable(root: root, rootPath: path, cache: cache, memory: memory)
        table.restore(mount: mount)
        if let text = memory.keptRules,
            case .rules(let generation, let rules)? = CaptureRequest(text)
        {
            table.setRules(SelectionRules(generation: generation, rules))
        }
    }

    /// Which names belong to which replication sets, for every change from here on, and for those
    /// of the servers to come.
    func setRules(_ generation: UInt64, _ rules: [SelectionRule]) {
        let text = CaptureRequest.rules(generation: generation, rules).text
        let compiled = SelectionRules(generation: generation, rules)
        shards.allLocked {
            table.setRules(compiled)
            memory.keep(rules: text)
        }
    }

    /// Nodes' descriptors, none of which is opened or closed meanwhile.
    func withDescriptorsHeld(_ body: ([CInt]) -> Void) {
        shards.allLocked { body(table.descriptors) }
    }

    var nodeCount: Int { table.count }
    var descriptorCount: Int { cache.count + 1 }

    /// Serves one request; answers the bytes in the worker's output that are the reply, 0 for none.
    func answer(_ request: Request, _ worker: Worker) -> Int {
        counters.operations.pointee.wrappingAdd(1, ordering: .relaxed)
        if !worker.heated.isEmpty { worker.heated.removeAll(keepingCapacity: true) }
        while true {
            do throws(Errno) {
                return try perform(request, worker)
            } catch {
                guard error != .cold else {
                    makeHot(worker)
                    continue
                }
                worker.intent.clear()
                return worker.reply.failure(request.header.unique, error.rawValue)
            }
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
            forget(call, count: 1) { _ in (request.header.node, count) }
            return 0
        case .batchForget(let count, let forgets):
            forget(call, count: count) { index in
                let one = forgets.loadUnaligned(
                    fromByteOffset: index * MemoryLayout<fuse_forget_one>.stride,
                    as: fuse_forget_one.self)
                return (one.nodeid, one.nlookup)
            }
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

    /// Each is counted before it is done: if a server is killed between, a node is kept that nobody
    /// needs. The other way round one would be gone that the kernel knows.
    private func forget(_ call: Call, count: Int, _ at: (Int) -> (node: UInt64, count: UInt64)) {
        let intent = call.worker.intent
        let unique = call.header.unique
        let done = intent.forgotten
        var index = done.unique == unique ? done.count : 0
        if index == 0 {
            intent.forgotten = (0, 0)
            intent.forgotten = (unique, 0)
        }
        while index < count {
            let one = at(index)
            index += 1
            intent.forgotten = (unique, index)
            table.forget(one.node, one.count)
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

    /// The effect may have happened already: a server was killed while it carried this out.
    var isAgain: Bool { worker.isRepeating }

    /// To be said right before the effect, with the shards held.
    @inline(__always)
    func begin() {
        if !worker.isRepeating { worker.intent.begin(header.unique) }
        CrashPoint.pass(.begun)
    }

    /// To be said when effect, record and answer are made, with the shards still held.
    @inline(__always)
    func finish(_ byteCount: Int) -> Int {
        worker.intent.finish(header.unique, answer: byteCount)
        CrashPoint.pass(.finished)
        return byteCount
    }

    /// Whether an object that now is as this request would make it was made so by it.
    func isEffect(_ status: stat) -> Bool {
        guard isAgain else { return false }
        var began = worker.intent.began
        // Some file systems keep whole seconds.
        if status.st_ctim.tv_nsec == 0 { began -= began % 1_000_000_000 }
        return cposix_nanoseconds(status.st_ctim) >= began
    }

    func success() -> Int { reply.success(header.unique) }

    func entry(_ entry: Entry) -> Int { reply.entry(header.unique, entry) }
}

/// Counted, not guessed; read at any time. They outlive the server.
struct Counters: @unchecked Sendable {
    let operations: UnsafeMutablePointer<Atomic<UInt64>>
    let writes: UnsafeMutablePointer<Atomic<UInt64>>
    let writtenBytes: UnsafeMutablePointer<Atomic<UInt64>>

    init(_ memory: SharedMemory) {
        operations = memory.atomic(.operations)
        writes = memory.atomic(.writes)
        writtenBytes = memory.atomic(.writtenBytes)
    }
}

extension FileSystem {
    /// Requests served, writes among them, and the bytes they wrote.
    var counts: (operations: UInt64, writes: UInt64, writtenBytes: UInt64) {
        (memory[.operations], memory[.writes], memory[.writtenBytes])
    }
}
