internal import CPosix
internal import Glibc

/// Answers the calling thread's file system calls from simulated disks: `/name/...` lies on the
/// disk of that name. Deterministic, without time and threads. Only what is to be mapped into
/// memory (`/dev/shm/...`) is the kernel's.
final class SimulatedSystem {
    var disks: [String: SimulatedDisk] = [:]
    private var names: [UInt64: String] = [:]
    var open: [Int: OpenNode] = [:]
    private var nextDescriptor = SimulatedSystem.firstDescriptor
    /// Smaller ones are the kernel's.
    static let firstDescriptor = 1 << 20
    /// Nanoseconds since 1970; every step of a call moves it.
    var now: Int64 = 1_700_000_000_000_000_000
    /// Who makes the calls: descriptors belong to it.
    private(set) var process = SimulatedProcess.world

    /// What a descriptor stands for.
    struct OpenNode {
        let disk: SimulatedDisk
        let node: UInt64
        let flags: Int
        var process = SimulatedProcess.world
        var position = 0
        /// Of a file that is on no disk.
        var text: [UInt8]?
    }

    /// What other threads do while a sync waits for the disk.
    var whileSyncing: (() -> Void)?
    /// How often the machine of a process was started: what tells its boots apart.
    var boots: [SimulatedProcess: Int] = [:]

    func bootID(_ process: SimulatedProcess) -> String {
        let digits = String((boots[process] ?? 0) + 1)
        let zeros = String(repeating: "0", count: 12 - digits.count)
        return "00000000-0000-0000-0000-" + zeros + digits
    }

    func addDisk(_ name: String, _ machine: SimulatedMachine, stride: UInt64 = 1) -> SimulatedDisk {
        let disk = SimulatedDisk(
            device: UInt64(disks.count + 40), machine: machine, stride: stride)
        disks[name] = disk
        names[disk.device] = name
        return disk
    }

    /// Runs `body` as a process, with all file system calls of this thread answered here.
    func run<Result>(as next: SimulatedProcess, _ body: () throws -> Result) rethrows -> Result {
        let previous = process
        process = next
        defer { process = previous }
        let context = Unmanaged.passUnretained(self).toOpaque()
        let before = cposix_simulate(
            cposix_simulation(
                answer: { context, call, a, b, c, d, e, f in
                    guard let context else { return -Int(EIO) }
                    let system = Unmanaged<SimulatedSystem>.fromOpaque(context)
                        .takeUnretainedValue()
                    return system.answer(call, (a, b, c, d, e, f))
                }, context: context))
        defer { _ = cposix_simulate(before) }
        return try body()
    }

    /// A process is gone, with its descriptors.
    func end(_ process: SimulatedProcess) {
        for (number, one) in open.sorted(by: { $0.key < $1.key }) where one.process == process {
            _ = close(number)
        }
    }

    // MARK: Descriptors

    func add(_ one: OpenNode) -> Int {
        let number = nextDescriptor
        nextDescriptor += 1
        var one = one
        one.process = process
        open[number] = one
        if one.text == nil { one.disk.opened(one.node) }
        return number
    }

    func close(_ number: Int) -> Int {
        guard let one = open.removeValue(forKey: number) else { return -Int(EBADF) }
        if one.text == nil { one.disk.closed(one.node) }
        return 0
    }

    func path(of one: OpenNode) -> [UInt8] {
        guard let name = names[one.disk.device] else { return [] }
        var parts: [[UInt8]] = []
        var number = one.node
        while number != DiskImage.rootNode {
            guard let found = place(of: number, on: one.disk) else {
                return Array("/\(name)/(deleted)".utf8)
            }
            parts.append(found.name)
            number = found.directory
        }
        return Array("/\(name)".utf8) + parts.reversed().flatMap { [0x2F] + $0 }
    }

    private func place(of number: UInt64, on disk: SimulatedDisk) -> (
        directory: UInt64, name: [UInt8]
    )? {
        for (directory, node) in disk.image.nodes {
            for entry in node.entries where entry.node == number { return (directory, entry.name) }
        }
        return nil
    }

    // MARK: Walking

    /// Where a path leads: its object, if there is one, and the directory and name it has there.
    struct Walk {
        let disk: SimulatedDisk
        var directory: UInt64
        var name: [UInt8]
        var node: UInt64?
    }

    static let beneath = 8
    static let noLinks = 4

    /// - Parameter resolve: bits of openat2.
    func walk(_ directory: Int, _ path: [UInt8], resolve: Int = 0) -> Result<Walk, DiskError> {
        var parts = path.split(separator: 0x2F).map { Array($0) }
        var walk: Walk
        if path.first == 0x2F {
            guard resolve & Self.beneath == 0 else { return .failure(DiskError(EXDEV)) }
            guard !parts.isEmpty,
                let disk = disks[String(decoding: parts.removeFirst(), as: UTF8.self)]
            else { return .failure(DiskError(ENOENT)) }
            walk = Walk(
                disk: disk, directory: DiskImage.rootNode, name: [], node: DiskImage.rootNode)
        } else {
            guard let start = open[directory], start.text == nil else {
                return .failure(DiskError(EBADF))
            }
            walk = Walk(disk: start.disk, directory: start.node, name: [], node: start.node)
        }
        if walk.disk.isStopped { return .failure(DiskError(EIO)) }
        guard !path.isEmpty else { return .success(walk) }
        for part in parts {
            guard let number = walk.node, let node = walk.disk[number] else {
                return .failure(DiskError(ENOENT))
            }
            guard node.isDirectory else {
                return .failure(DiskError(node.type == DiskNode.link ? ELOOP : ENOTDIR))
            }
            if part == [0x2E] { continue }
            if part == [0x2E, 0x2E] {
                if resolve & Self.beneath != 0 { return .failure(DiskError(EXDEV)) }
                let parent = number == DiskImage.rootNode ? number : node.parent
                (walk.directory, walk.name, walk.node) = (parent, [], parent)
                continue
            }
            guard part.count <= 255 else { return .failure(DiskError(ENAMETOOLONG)) }
            (walk.directory, walk.name) = (number, part)
            walk.node = node.entry(part)?.node
        }
        return .success(walk)
    }
}

/// Whose calls are answered.
enum SimulatedProcess {
    /// The simulation itself, which looks at what there is.
    case world
    /// The program at the source and the capture below it.
    case capture
    case source
    case target
}

struct DiskError: Error {
    let code: CInt
    init(_ code: CInt) { self.code = code }
    var answer: Int { -Int(code) }
}
