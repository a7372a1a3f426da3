import CPosix
import FileSystemAccess
import Glibc

/// A fresh folder that goes away with everything in it.
final class TemporaryFolder {
    let path: String

    init() {
        var name = Array("/tmp/understudy-test-XXXXXX".utf8CString)
        path =
            mkdtemp(&name) == nil
            ? "/nonexistent" : String(decoding: name.dropLast().map(UInt8.init), as: UTF8.self)
    }

    deinit { Self.remove(path) }

    func path(_ name: String) -> String { path + "/" + name }

    /// Removes what is there, however it is protected.
    static func remove(_ path: String) {
        guard let top = try? SystemCall.open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW) else {
            _ = unlink(path)
            return
        }
        empty(top)
        SystemCall.close(top)
        _ = rmdir(path)
    }

    private static func empty(_ directory: CInt) {
        var reader = DirectoryReader()
        guard (try? reader.start(directory)) != nil else { return }
        while let entry = try? reader.next() {
            guard let name = entry.cString else { continue }
            if cposix_unlinkat(directory, name, 0) >= 0 { continue }
            guard
                let inner = try? SystemCall.open(
                    at: directory, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
            else { continue }
            empty(inner)
            SystemCall.close(inner)
            _ = cposix_unlinkat(directory, name, AT_REMOVEDIR)
        }
    }
}

/// Numbers from a seed, the same on every machine.
struct SeededNumbers: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
