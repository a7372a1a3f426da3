import Glibc

/// One connection to a server's control socket. Its calls block; `interrupt` ends them from any
/// thread.
final class ControlSocket: Sendable {
    struct Failure: Error {
        var errorNumber: Int32
        /// The other side took too long.
        var isSilence: Bool { errorNumber == EAGAIN }
    }

    private let descriptor: Int32

    /// - Parameter silenceSeconds: longest time to wait for a place in the server's queue, and for
    ///   bytes; a read fails with EAGAIN then.
    init(path: String, silenceSeconds: Double) throws(Failure) {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let bytes = Array(path.utf8)
        guard bytes.count < MemoryLayout.size(ofValue: address.sun_path), !bytes.contains(0) else {
            throw Failure(errorNumber: ENAMETOOLONG)
        }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | O_CLOEXEC, 0)
        guard descriptor >= 0 else { throw Failure(errorNumber: errno) }
        Self.limit(descriptor, silenceSeconds)
        let result = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard result == 0 else {
            let number = errno
            close(descriptor)
            throw Failure(errorNumber: number)
        }
        self.descriptor = descriptor
    }

    deinit { close(descriptor) }

    private static func limit(_ descriptor: Int32, _ seconds: Double) {
        // 0 would be no limit at all.
        let microseconds = Int(max(1, (min(seconds, 1e6) * 1e6).rounded()))
        var limit = timeval(
            tv_sec: microseconds / 1_000_000, tv_usec: microseconds % 1_000_000)
        for option in [SO_RCVTIMEO, SO_SNDTIMEO] {
            setsockopt(
                descriptor, SOL_SOCKET, option, &limit, socklen_t(MemoryLayout<timeval>.size))
        }
    }

    /// Makes reads and writes that wait, and all later ones, end.
    func interrupt() { shutdown(descriptor, Int32(SHUT_RDWR)) }

    func write(_ bytes: [UInt8]) throws(Failure) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes {
                send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw Failure(errorNumber: errno) }
            rest = rest.dropFirst(count)
        }
    }

    /// Some bytes; empty at the end.
    func read() throws(Failure) -> [UInt8] {
        var failure: Int32?
        let bytes = [UInt8](unsafeUninitializedCapacity: 65_536) { buffer, count in
            repeat {
                let got = recv(descriptor, buffer.baseAddress, buffer.count, 0)
                if got >= 0 {
                    count = got
                    return
                }
            } while errno == EINTR
            failure = errno
        }
        if let failure { throw Failure(errorNumber: failure) }
        return bytes
    }
}
