internal import CPosix
internal import Glibc

/// The only real clock of the runtime.
enum Clock {
    /// Nanoseconds since 1970-01-01 UTC.
    static var now: Int64 { cposix_realtime() }

    /// Nanoseconds that only go forward; for deadlines.
    static var monotonic: Int64 { cposix_monotonic() }

    /// Holds the calling thread up for less than a second.
    static func rest(nanoseconds: Int64) {
        cposix_rest(nanoseconds)
    }

    static let second: Int64 = 1_000_000_000
    static let millisecond: Int64 = 1_000_000

    /// `08/17/2015 13:59:07.473`, local time, as STATUS prints it.
    static func text(_ nanoseconds: Int64) -> String {
        var parts = [CInt](repeating: 0, count: 6)
        cposix_localTime(nanoseconds / second, &parts)
        let milliseconds = Int(nanoseconds % second / millisecond)
        func two(_ number: CInt) -> String { number < 10 ? "0\(number)" : "\(number)" }
        let fraction = String(1000 + milliseconds).dropFirst()
        return "\(two(parts[1]))/\(two(parts[2]))/\(parts[0]) "
            + "\(two(parts[3])):\(two(parts[4])):\(two(parts[5])).\(fraction)"
    }
}

/// Facts of this machine that peers compare.
enum Machine {
    /// Changes with every start of the operating system.
    static let bootID = read("/proc/sys/kernel/random/boot_id")
    /// Of the installation: two servers with the same one share file systems.
    static let machineID: String = {
        let id = read("/etc/machine-id")
        return id.isEmpty ? "boot-" + bootID : id
    }()

    private static func read(_ path: String) -> String {
        let descriptor = cposix_open(path, O_RDONLY, 0)
        guard descriptor >= 0 else { return "" }
        defer { _ = cposix_close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: 128)
        let count = cposix_read(descriptor, &bytes, bytes.count)
        guard count > 0 else { return "" }
        return String(decoding: bytes[..<count], as: UTF8.self)
            .split(whereSeparator: \.isWhitespace).first.map(String.init) ?? ""
    }
}
