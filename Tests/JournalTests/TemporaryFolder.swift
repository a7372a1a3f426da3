import CPosix
import FileSystemAccess
import Glibc

/// A fresh folder in memory that goes with the value.
final class TemporaryFolder: Sendable {
    let path: BytePath

    init(below parent: String = "/dev/shm") {
        var template = Array("\(parent)/journal-XXXXXX".utf8CString)
        let made = mkdtemp(&template) != nil
        precondition(made, "no temporary folder: errno \(errno)")
        path = BytePath(template.dropLast().map { UInt8(bitPattern: $0) })
    }

    deinit { Self.remove(path.description) }

    func callAsFunction(_ name: String) -> BytePath {
        var result = path
        result.append(Array(name.utf8))
        return result
    }

    /// Names in a folder below.
    func names(_ name: String = "") -> [String] { Self.names(path(name).description) }

    private func path(_ name: String) -> BytePath { name.isEmpty ? path : self(name) }

    private static func names(_ path: String) -> [String] {
        guard let folder = opendir(path) else { return [] }
        defer { closedir(folder) }
        var names: [String] = []
        while let entry = readdir(folder) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names.sorted()
    }

    private static func remove(_ path: String) {
        for name in names(path) {
            if unlink("\(path)/\(name)") != 0 { remove("\(path)/\(name)") }
        }
        rmdir(path)
    }

    // MARK: Damage

    func bytes(_ name: String) -> [UInt8] { WholeFile.read(self(name).description) ?? [] }

    func write(_ bytes: [UInt8], _ name: String) {
        let file = open(self(name).description, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
        precondition(file >= 0)
        var done = 0
        while done < bytes.count {
            done += bytes[done...].withUnsafeBytes { Glibc.write(file, $0.baseAddress, $0.count) }
        }
        close(file)
    }

    func change(_ name: String, at place: Int, _ change: (inout UInt8) -> Void) {
        var all = bytes(name)
        change(&all[place])
        write(all, name)
    }
}

/// Runs work on several plain threads and waits for all.
func onThreads(_ count: Int, _ work: @escaping @Sendable (Int) -> Void) {
    final class Box: Sendable {
        let number: Int
        let work: @Sendable (Int) -> Void
        init(_ number: Int, _ work: @escaping @Sendable (Int) -> Void) {
            self.number = number
            self.work = work
        }
    }
    let threads = (0..<count).map { number in
        var thread = pthread_t()
        let box = Unmanaged.passRetained(Box(number, work))
        let result = pthread_create(
            &thread, nil,
            { argument in
                guard let argument else { return nil }
                let box = Unmanaged<Box>.fromOpaque(argument).takeRetainedValue()
                box.work(box.number)
                return nil
            }, box.toOpaque())
        precondition(result == 0)
        return thread
    }
    for thread in threads { pthread_join(thread, nil) }
}
