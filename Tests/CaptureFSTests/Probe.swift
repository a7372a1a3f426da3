import CPosix
import Glibc

/// Does system calls below a root and writes down what came out, so that two roots can be compared.
final class Probe {
    let root: String
    private(set) var lines: [String] = []

    init(_ root: String) { self.root = root }

    func path(_ name: String) -> String { root + "/" + name }

    func note(_ line: String) { lines.append(line) }

    /// `result` of a call just made; below zero (or -1) its errno is noted.
    @discardableResult
    func note<Number: BinaryInteger>(_ what: String, _ result: Number) -> Number {
        lines.append(result < 0 ? "\(what): errno \(errno)" : "\(what): \(result)")
        return result
    }

    /// Like `note`, for results that differ between two runs (descriptors).
    @discardableResult
    func noteOpen(_ what: String, _ descriptor: CInt) -> CInt {
        lines.append(descriptor < 0 ? "\(what): errno \(errno)" : "\(what): open")
        return descriptor
    }

    @discardableResult
    func open(_ name: String, _ flags: CInt, _ mode: mode_t = 0o644) -> CInt {
        noteOpen("open \(name) \(flags)", Glibc.open(path(name), flags | O_CLOEXEC, mode))
    }

    func write(_ descriptor: CInt, _ text: String, at offset: off_t? = nil) {
        let bytes = Array(text.utf8)
        if let offset {
            note("pwrite \(offset)", pwrite(descriptor, bytes, bytes.count, offset))
        } else {
            note("write", Glibc.write(descriptor, bytes, bytes.count))
        }
    }

    func make(_ name: String, _ text: String = "", mode: mode_t = 0o644) {
        let file = Glibc.open(path(name), O_CREAT | O_WRONLY | O_TRUNC | O_CLOEXEC, mode)
        let bytes = Array(text.utf8)
        note("make \(name)", Glibc.write(file, bytes, bytes.count))
        close(file)
    }

    /// The whole content, as text with everything unprintable as a number.
    func content(_ name: String) {
        let file = Glibc.open(path(name), O_RDONLY | O_CLOEXEC)
        guard file >= 0 else {
            note("content \(name)", -1)
            return
        }
        note("content \(name): " + text(of: file))
        close(file)
    }

    func text(of file: CInt) -> String {
        var room = [UInt8](repeating: 0, count: 1 << 16)
        var result = ""
        var place: off_t = 0
        while true {
            let count = pread(file, &room, room.count, place)
            guard count > 0 else { break }
            place += off_t(count)
            result += Self.readable(room[..<count])
        }
        return result
    }

    /// Runs of one byte are shortened, so that holes can be shown.
    static func readable(_ bytes: ArraySlice<UInt8>) -> String {
        var result = ""
        var index = bytes.startIndex
        while index < bytes.endIndex {
            let byte = bytes[index]
            let end = bytes[index...].firstIndex { $0 != byte } ?? bytes.endIndex
            let plain = (0x21...0x7E).contains(byte)
            result += plain ? String(UnicodeScalar(byte)) : "<\(byte)>"
            if end - index > 1 { result += "x\(end - index)," }
            index = end
        }
        return result
    }

    func status(_ name: String) {
        var status = stat()
        guard lstat(path(name), &status) == 0 else {
            note("status \(name)", -1)
            return
        }
        note("status \(name): " + Self.describe(status))
    }

    static func describe(_ status: stat) -> String {
        let isDirectory = status.st_mode & S_IFMT == S_IFDIR
        return "mode \(String(status.st_mode, radix: 8)) links \(status.st_nlink) user "
            + "\(status.st_uid) group \(status.st_gid) size \(isDirectory ? 0 : status.st_size) "
            + "device \(status.st_rdev)"
    }

    func names(_ name: String = ".") {
        guard let directory = opendir(path(name)) else {
            note("names \(name)", -1)
            return
        }
        var found: [String] = []
        while let entry = readdir(directory) {
            let text = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: UInt8.self, capacity: 256) { bytes in
                    Self.readable(
                        Array(UnsafeBufferPointer(start: bytes, count: strlen(bytes)))[...])
                }
            }
            found.append("\(text):\(entry.pointee.d_type)")
        }
        closedir(directory)
        note("names \(name): " + found.sorted().joined(separator: " "))
    }

    func attribute(_ name: String, _ key: String) {
        var room = [UInt8](repeating: 0, count: 65536)
        let count = lgetxattr(path(name), key, &room, room.count)
        guard count >= 0 else {
            note("attribute \(name) \(key)", -1)
            return
        }
        note("attribute \(name) \(key): " + Self.readable(room[..<count]))
    }

    func attributes(_ name: String) {
        var room = [UInt8](repeating: 0, count: 65536)
        let count = room.withUnsafeMutableBytes {
            llistxattr(path(name), $0.baseAddress?.assumingMemoryBound(to: CChar.self), $0.count)
        }
        guard count >= 0 else {
            note("attributes \(name)", -1)
            return
        }
        let names = room[..<count].split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
        note("attributes \(name): " + names.sorted().joined(separator: " "))
    }

    /// Runs `body` on a thread whose file system calls are made by another user, who has no
    /// privilege.
    func asUser(_ user: uid_t, _ group: gid_t, _ body: @escaping (Probe) -> Void) {
        note("as \(user):\(group)")
        let thread = start { probe in
            cposix_actAs(user, group)
            body(probe)
        }
        pthread_join(thread, nil)
        note("as before")
    }

    /// Runs `body` on a thread of its own; to be joined.
    func start(_ body: @escaping (Probe) -> Void) -> pthread_t {
        final class Box: @unchecked Sendable {
            let body: () -> Void
            init(_ body: @escaping () -> Void) { self.body = body }
        }
        let box = Unmanaged.passRetained(Box { body(self) })
        var thread = pthread_t()
        pthread_create(
            &thread, nil,
            { context in
                guard let context else { return nil }
                Unmanaged<Box>.fromOpaque(context).takeRetainedValue().body()
                return nil
            }, box.toOpaque())
        return thread
    }
}
