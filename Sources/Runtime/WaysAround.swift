internal import CaptureControl
internal import CPosix
internal import FileSystemAccess
internal import Glibc

/// Where a captured folder shows without its capture: bind mounts and mounts of the same disk made
/// before or beside it, and other mount namespaces that the capture's mount did not reach.
enum WaysAround {
    /// In words, at most so many.
    private static let waysMax = 10

    /// - Parameter folder: the folder below its capture at `path`.
    static func find(_ folder: CInt, _ path: String) -> [String] {
        let own = MountTable(WholeFile.read(WholeFile.mounts) ?? [])
        guard let information = try? SystemCall.open("/proc/self/fdinfo", O_RDONLY | O_DIRECTORY)
        else { return [] }
        defer { SystemCall.close(information) }
        let mount = Int(cposix_mountNumber(information, "\(folder)"))
        guard let place = own.place(of: Array(path.utf8), through: mount) else { return [] }
        var ways = own.ways(to: place).map { "it shows at \(text($0)) as well" }
        let ownNamespace = OpenFileScan.target(of: "/proc/self/ns/mnt")
        for (namespace, process) in namespaces() where namespace != ownNamespace {
            let table = MountTable(WholeFile.read("/proc/\(process)/mountinfo") ?? [])
            let command = OpenFileScan.command(of: process)
            ways += table.ways(to: place).map {
                "it shows at \(text($0)) in the mounts of \(command) (\(process))"
            }
        }
        guard ways.count > waysMax else { return ways }
        return ways.prefix(waysMax) + ["and \(ways.count - waysMax) more"]
    }

    /// Of each the process with the lowest number.
    private static func namespaces() -> [(String, Int)] {
        var found: [String: Int] = [:]
        for name in DirectoryNames.list("/proc") {
            guard let process = Int(name),
                let namespace = OpenFileScan.target(of: "/proc/\(process)/ns/mnt")
            else { continue }
            found[namespace] = min(process, found[namespace] ?? process)
        }
        return found.sorted { $0.value < $1.value }.map { ($0.key, $0.value) }
    }

    private static func text(_ path: [UInt8]) -> String { String(decoding: path, as: UTF8.self) }
}
