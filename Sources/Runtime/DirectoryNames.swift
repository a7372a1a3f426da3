internal import FileSystemAccess
internal import Glibc

/// Names in a folder, for those who can do without the ones that come and go meanwhile.
enum DirectoryNames {
    /// Empty where it cannot be read.
    static func list(_ path: String) -> [String] {
        guard let descriptor = try? SystemCall.open(path, O_RDONLY | O_DIRECTORY) else { return [] }
        defer { SystemCall.close(descriptor) }
        var reader = DirectoryReader()
        var names: [String] = []
        guard (try? reader.start(descriptor)) != nil else { return [] }
        while let entry = try? reader.next() {
            names.append(String(decoding: entry.name, as: UTF8.self))
        }
        return names
    }
}
