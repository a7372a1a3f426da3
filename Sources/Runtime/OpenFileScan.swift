internal import CPosix
internal import FileSystemAccess
internal import Glibc

/// Who has something of a folder open that did not come through its capture: opened before it was
/// captured, through another mount of the same disk, or in another mount namespace. What he writes
/// there is seen by nobody. Captures and this process are left out.
///
/// Objects are told by device and file handle, not by the paths that processes show, which mean
/// something else in every namespace.
struct OpenFileScan: Sendable {
    enum Use: Hashable, Sendable {
        /// A descriptor for writing.
        case writes
        /// A shared mapping that can be stored to.
        case maps
        /// The working directory, the root or an open directory: names are made from there.
        case stands
    }

    struct Holder: Hashable, Sendable {
        let process: Int
        let command: String
        let path: String
        var use = Use.writes

        var words: String { "\(command) (\(process))" }
    }

    /// A file that can be changed at any moment.
    struct HeldFile: Hashable, Sendable {
        let path: String
        /// Size and times: other ones say that it was changed.
        var look: Look
        var holders: [Holder] = []
        /// Stores to a mapping show in no time until the kernel writes them back.
        var isMapped: Bool { holders.contains { $0.use == .maps } }
    }

    struct Look: Hashable, Sendable {
        var size: UInt64
        var modified: Int64
        var changed: Int64
    }

    struct Key: Hashable, Sendable {
        let inode: UInt64
        let generation: UInt32
    }

    private(set) var files: [Key: HeldFile] = [:]
    private(set) var standing: [Holder] = []
    /// Processes whose files may not be looked at.
    private(set) var hiddenCount = 0

    /// All holders, those who write first.
    var holders: [Holder] {
        files.values.flatMap(\.holders).sorted { ($0.path, $0.process) < ($1.path, $1.process) }
            + standing
    }

    init() {}

    /// Looks at every process that `/proc` shows.
    ///
    /// - Parameter folder: the folder itself, below its capture; not an O_PATH descriptor.
    init(folder: CInt) {
        var work = Work(folder)
        guard work.isUsable else { return }
        let own = Int(getpid())
        for name in DirectoryNames.list("/proc") {
            guard let process = Int(name), process != own else { continue }
            work.look(at: process)
        }
        (files, standing, hiddenCount) = (work.files, work.standing, work.hiddenCount)
    }

    /// Of a folder that is not captured yet.
    static func holders(below path: String) -> [Holder] {
        guard let folder = try? SystemCall.open(path, O_RDONLY | O_DIRECTORY) else { return [] }
        defer { SystemCall.close(folder) }
        return OpenFileScan(folder: folder).holders
    }

    /// What a descriptor stands for, as its mount shows it.
    static func path(of descriptor: CInt) -> String? {
        target(of: "/proc/self/fd/\(descriptor)")
    }

    static func target(of link: String) -> String? {
        var bytes = [CChar](repeating: 0, count: 4096)
        let count = cposix_readlinkat(AT_FDCWD, link, &bytes, bytes.count)
        guard count > 0 else { return nil }
        return String(decoding: bytes[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    static func command(of process: Int) -> String {
        let text = String(
            decoding: WholeFile.read("/proc/\(process)/comm") ?? [], as: UTF8.self)
        return text.split(separator: "\n").first.map(String.init) ?? "?"
    }
}

extension OpenFileScan {
    /// One look.
    private struct Work: ~Copyable {
        let folder: CInt
        let base: String
        let device: UInt64
        var isUsable: Bool { device != 0 && !base.isEmpty }
        var files: [Key: HeldFile] = [:]
        var standing: [Holder] = []
        var hiddenCount = 0
        private var reader = DirectoryReader(bufferBytes: 16 << 10)

        init(_ folder: CInt) {
            self.folder = folder
            base = OpenFileScan.path(of: folder) ?? ""
            var glance = cposix_glance()
            device = cposix_glanceAt(folder, "", &glance) >= 0 ? glance.device : 0
        }

        mutating func look(at process: Int) {
            let place = "/proc/\(process)"
            // A capture holds a descriptor for every file that it serves.
            if let program = OpenFileScan.target(of: place + "/exe"), Self.isCapture(program) {
                return
            }
            if lookAtDescriptors(process, place) > 0 {
                lookAtRest(process, place)
                return
            }
            // The first thread may have ended before the others: then they tell what all have.
            let tasks = DirectoryNames.list(place + "/task")
            for task in tasks where tasks.count > 1 {
                if lookAtDescriptors(process, place + "/task/" + task) > 0 {
                    return lookAtRest(process, place + "/task/" + task)
                }
            }
            lookAtRest(process, place)
        }

        private static func isCapture(_ program: String) -> Bool {
            let name = program.split(separator: "/").last ?? ""
            return name == "understudy-capture" || name == "understudy-capture (deleted)"
        }

        /// Answers how many there are.
        private mutating func lookAtDescriptors(_ process: Int, _ place: String) -> Int {
            let flags = O_RDONLY | O_DIRECTORY
            let directory = cposix_open(place + "/fd", flags, 0)
            guard directory >= 0 else {
                if directory == -EACCES || directory == -EPERM { hiddenCount += 1 }
                return directory == -ENOENT ? 0 : 1
            }
            defer { SystemCall.close(directory) }
            guard (try? reader.start(directory)) != nil else { return 0 }
            var found: [String] = []
            var count = 0
            while let entry = try? reader.next() {
                count += 1
                let number = String(decoding: entry.name, as: UTF8.self)
                if isOnDevice(directory, number) { found.append(number) }
            }
            guard !found.isEmpty,
                let information = try? SystemCall.open(place + "/fdinfo", flags)
            else { return count }
            defer { SystemCall.close(information) }
            for number in found {
                let opened = cposix_openFlags(information, number)
                guard opened >= 0 else { continue }
                let mode = CInt(truncatingIfNeeded: opened) & O_ACCMODE
                take(directory, number, process, mode == O_RDONLY ? nil : .writes)
            }
            return count
        }

        private mutating func lookAtRest(_ process: Int, _ place: String) {
            for link in ["/cwd", "/root"] where isOnDevice(AT_FDCWD, place + link) {
                take(AT_FDCWD, place + link, process, nil)
            }
            for range in Self.sharedRanges(place) {
                take(AT_FDCWD, place + "/map_files/" + range, process, .maps)
            }
        }

        private func isOnDevice(_ directory: CInt, _ name: String) -> Bool {
            var glance = cposix_glance()
            return cposix_glanceAt(directory, name, &glance) >= 0 && glance.device == device
        }

        /// Something on our disk: counts if it lies in the folder; `use` nil: only directories do.
        private mutating func take(
            _ directory: CInt, _ name: String, _ process: Int, _ use: Use?
        ) {
            // A descriptor of our own goes on meaning the same object.
            guard let object = try? SystemCall.open(at: directory, name, CInt(O_PATH)) else {
                return
            }
            defer { SystemCall.close(object) }
            var glance = cposix_glance()
            guard cposix_glanceAt(object, "", &glance) >= 0, glance.device == device,
                glance.links > 0
            else { return }
            let type = glance.mode & S_IFMT
            guard type == S_IFDIR || type == S_IFREG && use != nil,
                let path = placeInside(object)
            else { return }
            let holder = Holder(
                process: process, command: OpenFileScan.command(of: process), path: path,
                use: type == S_IFDIR ? .stands : use ?? .writes)
            guard type == S_IFREG else {
                if !standing.contains(where: { $0.process == process }) { standing.append(holder) }
                return
            }
            let key = Key(
                inode: glance.inode,
                generation: cposix_generation(object, "", CInt(AT_EMPTY_PATH)))
            let look = Look(
                size: glance.size, modified: glance.modified, changed: glance.changed)
            var file = files[key] ?? HeldFile(path: path, look: look)
            file.look = look
            if !file.holders.contains(where: { $0.process == process && $0.use == holder.use }) {
                file.holders.append(holder)
            }
            files[key] = file
        }

        /// Its path, if it lies in the folder or is it; found through the folder's own mount.
        private func placeInside(_ object: CInt) -> String? {
            var bytes = [UInt8](repeating: 0, count: Int(MAX_HANDLE_SZ))
            var type: CInt = 0
            let count = cposix_handle(object, "", CInt(AT_EMPTY_PATH), &bytes, &type)
            var same: CInt = -1
            if count > 0 {
                same = cposix_openHandle(folder, bytes, count, type, CInt(O_PATH))
            }
            defer { if same >= 0 { SystemCall.close(same) } }
            guard let path = OpenFileScan.path(of: same >= 0 ? same : object),
                path == base || Paths.lies(path, below: base)
            else { return nil }
            return path
        }

        /// Mappings `rw-s` of a process, as `map_files` names them.
        private static func sharedRanges(_ place: String) -> [String] {
            var ranges: [String] = []
            let text = WholeFile.read(place + "/maps") ?? []
            for line in text.split(separator: 0x0A) {
                guard let blank = line.firstIndex(of: 0x20), blank + 4 < line.endIndex,
                    line[blank + 2] == UInt8(ascii: "w"), line[blank + 4] == UInt8(ascii: "s")
                else { continue }
                let ends = line[..<blank].split(separator: UInt8(ascii: "-"))
                ranges.append(
                    ends.map { String(decoding: $0.drop { $0 == 0x30 }, as: UTF8.self) }
                        .joined(separator: "-"))
            }
            return ranges
        }
    }
}
