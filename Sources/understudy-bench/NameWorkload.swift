import Glibc

/// Operations on many small files of one folder. All names are made before the clock starts.
struct NameWorkload {
    static let contentBytes = 100
    static let readsPerFile = 10

    private let folder: String
    private let names: [[CChar]]
    private let newNames: [[CChar]]

    init(folder: String, count: Int) {
        self.folder = folder
        names = (0..<count).map { Array("\(folder)/file-\($0)".utf8CString) }
        newNames = (0..<count).map { Array("\(folder)/renamed-\($0)".utf8CString) }
    }

    func run(_ workload: String) throws(BenchError) -> Timing {
        switch workload {
        case "create": try create()
        case "stat": try stat()
        case "lookup": try lookup()
        case "read": try read()
        case "rename": try rename()
        default: try unlink()
        }
    }

    private func create() throws(BenchError) -> Timing {
        let content = [UInt8](repeating: 0x78, count: Self.contentBytes)
        let begun = Clock.nanoseconds
        for name in names {
            let file = Glibc.open(name, O_CREAT | O_EXCL | O_WRONLY, 0o644)
            guard file >= 0 else { throw .failed("open", folder) }
            guard Glibc.write(file, content, content.count) == content.count else {
                throw .failed("write", folder)
            }
            Glibc.close(file)
        }
        return ended(begun, names.count)
    }

    /// The write, which is not timed, makes what the kernel knows of the file stale: so every
    /// stat has to ask the file system.
    private func stat() throws(BenchError) -> Timing {
        for name in names {
            let file = Glibc.open(name, O_WRONLY)
            guard file >= 0 else { throw .failed("open", folder) }
            guard Glibc.write(file, [0x79], 1) == 1 else { throw .failed("write", folder) }
            Glibc.close(file)
        }
        return try lookup()
    }

    private func lookup() throws(BenchError) -> Timing {
        var status = Glibc.stat()
        let begun = Clock.nanoseconds
        for name in names {
            guard fstatat(AT_FDCWD, name, &status, 0) == 0 else { throw .failed("stat", folder) }
        }
        return ended(begun, names.count)
    }

    private func read() throws(BenchError) -> Timing {
        var content = [UInt8](repeating: 0, count: Self.contentBytes)
        let begun = Clock.nanoseconds
        for _ in 0..<Self.readsPerFile {
            for name in names {
                let file = Glibc.open(name, O_RDONLY)
                guard file >= 0 else { throw .failed("open", folder) }
                guard Glibc.read(file, &content, content.count) == content.count else {
                    throw .failed("read", folder)
                }
                Glibc.close(file)
            }
        }
        return ended(begun, names.count * Self.readsPerFile)
    }

    private func rename() throws(BenchError) -> Timing {
        let begun = Clock.nanoseconds
        for (name, newName) in zip(names, newNames) {
            guard Glibc.rename(name, newName) == 0 else { throw .failed("rename", folder) }
        }
        return ended(begun, names.count)
    }

    private func unlink() throws(BenchError) -> Timing {
        let begun = Clock.nanoseconds
        for name in newNames {
            guard Glibc.unlink(name) == 0 else { throw .failed("unlink", folder) }
        }
        return ended(begun, names.count)
    }

    private func ended(_ begun: UInt64, _ operations: Int) -> Timing {
        Timing(operations: operations, nanoseconds: Clock.nanoseconds - begun)
    }
}
