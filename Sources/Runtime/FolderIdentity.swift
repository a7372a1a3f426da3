internal import CommandModel
internal import CPosix
internal import FileSystemAccess
internal import Glibc

/// What tells a folder from another one at the same path, whatever its disk is called today: its
/// inode number and generation, and the file system that it lies in. The root folders of two new
/// disks have the same number and generation.
struct FolderIdentity: Hashable, Sendable {
    /// Inode number and generation.
    let object: String
    /// Hexadecimal; empty where the file system has nothing of the kind, or it was not asked for.
    let fileSystem: String

    /// As it is kept: `inode.generation` (all that older versions knew) or `inode.generation.disk`.
    var text: String { fileSystem.isEmpty ? object : "\(object).\(fileSystem)" }

    init(text: String) {
        let parts = text.split(separator: ".")
        object = parts.prefix(2).joined(separator: ".")
        fileSystem = parts.count > 2 ? String(parts[2]) : ""
    }

    /// Of an open folder; no O_PATH descriptor.
    ///
    /// - Parameter path: for the words of the error.
    init(_ folder: CInt, _ path: String) throws(CommandError) {
        var identity = cposix_identity()
        let empty = CInt(AT_EMPTY_PATH)
        let result = cposix_identify(folder, "", empty, &identity)
        guard result >= 0 else { throw Self.problem(path, -result) }
        object = "\(identity.inode).\(cposix_generation(folder, "", empty))"
        var bytes = [UInt8](repeating: 0, count: 16)
        let count = Int(cposix_fileSystemIdentity(folder, &bytes))
        fileSystem = bytes[..<count].map { byte in
            let digits = String(byte, radix: 16)
            return digits.count < 2 ? "0" + digits : digits
        }.joined()
    }

    init(path: String) throws(CommandError) {
        let folder = cposix_open(path, O_RDONLY | O_DIRECTORY, 0)
        guard folder >= 0 else { throw Self.problem(path, -folder) }
        defer { _ = cposix_close(folder) }
        try self.init(folder, path)
    }

    private static func problem(_ path: String, _ code: CInt) -> CommandError {
        CommandError(
            .cannotMount,
            "'\(path)' cannot be used: \(Errno(rawValue: code)); bring the folder back, or "
                + "mount its disk (\(Runtime.againWords))")
    }

    /// What one of them does not know says nothing against it.
    func isSame(as other: FolderIdentity) -> Bool {
        object == other.object
            && (fileSystem == other.fileSystem || fileSystem.isEmpty || other.fileSystem.isEmpty)
    }
}
