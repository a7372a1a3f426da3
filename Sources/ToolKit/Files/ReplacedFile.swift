import Glibc

/// A file that gets new contents at once or keeps its old ones.
package enum ReplacedFile {
    package struct Failure: Error, Sendable {
        /// Lower case, with the path.
        package var message: String
    }

    /// Mode and owner stay; where a link points is what changes.
    package static func write(_ bytes: [UInt8], to path: String) throws(Failure) {
        guard let resolved = realpath(path, nil) else { throw failure("find", path) }
        let target = String(cString: resolved)
        free(resolved)
        var status = stat()
        guard stat(target, &status) == 0 else { throw failure("find", path) }
        let folder = target.split(separator: "/").dropLast().joined(separator: "/")
        let place = "/\(folder)/.understudy." + String(repeating: "X", count: 6)
        var template = Array(place.utf8CString)
        let descriptor = mkstemp(&template)
        guard descriptor >= 0 else { throw failure("write beside", path) }
        let temporary = String(
            decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        do throws(Failure) {
            defer { close(descriptor) }
            try fill(descriptor, bytes, like: status, path)
            guard rename(temporary, target) == 0 else { throw failure("replace", path) }
        } catch {
            unlink(temporary)
            throw error
        }
    }

    private static func fill(
        _ descriptor: Int32, _ bytes: [UInt8], like status: stat, _ path: String
    ) throws(Failure) {
        var mine = stat()
        guard fstat(descriptor, &mine) == 0 else { throw failure("write", path) }
        if mine.st_uid != status.st_uid || mine.st_gid != status.st_gid,
            fchown(descriptor, status.st_uid, status.st_gid) != 0
        {
            throw failure("keep the owner of", path)
        }
        guard fchmod(descriptor, status.st_mode & 0o7777) == 0 else { throw failure("write", path) }
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw failure("write", path) }
            rest = rest.dropFirst(count)
        }
        guard fsync(descriptor) == 0 else { throw failure("write", path) }
    }

    private static func failure(_ what: String, _ path: String) -> Failure {
        Failure(
            message: "cannot \(what) '\(path)': \(String(cString: strerror(errno)).lowercased())")
    }
}
