import Glibc

/// A folder that is gone when its owner is.
final class TemporaryFolder: Sendable {
    let path: String

    init() {
        var template = Array("/tmp/understudy-host-XXXXXX".utf8CString)
        path = mkdtemp(&template).map { String(cString: $0) } ?? "/nonexistent"
    }

    deinit { Self.remove(path) }

    /// Writes a file and answers its path.
    @discardableResult
    func write(_ name: String, _ text: String, mode: mode_t = 0o644) -> String {
        let file = "\(path)/\(name)"
        let descriptor = open(file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode)
        let bytes = Array(text.utf8)
        _ = Glibc.write(descriptor, bytes, bytes.count)
        close(descriptor)
        return file
    }

    /// A shell script.
    func program(_ name: String, _ lines: String...) -> String {
        write(name, "#!/bin/sh\n" + lines.joined(separator: "\n") + "\n", mode: 0o755)
    }

    /// Beyond what the process's mask lets `write` do.
    func allowWritingByAll(_ name: String) { chmod("\(path)/\(name)", 0o666) }

    func remove(_ name: String) { unlink("\(path)/\(name)") }

    func has(_ name: String) -> Bool { access("\(path)/\(name)", F_OK) == 0 }

    private static func remove(_ path: String) {
        guard let folder = opendir(path) else {
            unlink(path)
            return
        }
        while let entry = readdir(folder) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) {
                String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != ".", name != ".." { remove("\(path)/\(name)") }
        }
        closedir(folder)
        rmdir(path)
    }
}
