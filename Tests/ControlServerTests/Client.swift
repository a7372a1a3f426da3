import Foundation

/// A client that knows HTTP only as text, so that the tests see the very bytes. Everything it does
/// has an end after ten seconds.
final class Client: @unchecked Sendable {
    private let descriptor: Int32
    private var received: [UInt8] = []

    struct Failure: Error { let what: String }

    init(_ path: String) throws {
        descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        var limit = timeval(tv_sec: 60, tv_usec: 0)
        let size = socklen_t(MemoryLayout<timeval>.size)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, size)
        setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, size)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let status = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard status == 0 else { throw Failure(what: "connect: \(errno)") }
    }

    deinit { Foundation.close(descriptor) }

    func send(_ bytes: [UInt8]) throws {
        var sent = 0
        while sent < bytes.count {
            let count = bytes[sent...].withUnsafeBytes {
                Foundation.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { throw Failure(what: "send: \(errno)") }
            sent += count
        }
    }

    func get(_ path: String) throws {
        try send(Array("GET \(path) HTTP/1.1\r\nHost: x\r\n\r\n".utf8))
    }

    func post(_ body: [UInt8], to path: String = "/v1/commands") throws {
        let head = "POST \(path) HTTP/1.1\r\nHost: x\r\nContent-Length: \(body.count)\r\n\r\n"
        try send(Array(head.utf8) + body)
    }

    func post(_ body: String) throws { try post(Array(body.utf8)) }

    func endSending() { shutdown(descriptor, Int32(SHUT_WR)) }

    func close() { shutdown(descriptor, Int32(SHUT_RDWR)) }

    /// The status and the fields in small letters.
    func head() throws -> (status: Int, fields: [String: String]) {
        let status = try line().split(separator: " ")
        var fields: [String: String] = [:]
        while case let line = try line(), !line.isEmpty {
            let parts = line.split(separator: ":", maxSplits: 1)
            fields[parts[0].lowercased()] = parts[1].trimmingCharacters(in: .whitespaces)
        }
        return (Int(status[1]) ?? 0, fields)
    }

    /// One whole answer.
    func answer() throws -> (status: Int, body: String) {
        let (status, fields) = try head()
        if let count = fields["content-length"].flatMap({ Int($0) }) {
            return (status, String(decoding: try take(count), as: UTF8.self))
        }
        var body = ""
        while let chunk = try chunk() { body += chunk }
        return (status, body)
    }

    /// nil after the last one.
    func chunk() throws -> String? {
        guard let count = Int(try line(), radix: 16) else { throw Failure(what: "no chunk") }
        let bytes = try take(count)
        _ = try line()
        return count == 0 ? nil : String(decoding: bytes, as: UTF8.self)
    }

    /// Whether the server has ended the connection.
    func isAtEnd() throws -> Bool { received.isEmpty ? try !receive() : false }

    private func line() throws -> String {
        while true {
            if let end = received.firstIndex(of: 10) {
                let line = received[..<end].filter { $0 != 13 }
                received.removeFirst(end + 1)
                return String(decoding: line, as: UTF8.self)
            }
            guard try receive() else { throw Failure(what: "the connection ended") }
        }
    }

    private func take(_ count: Int) throws -> [UInt8] {
        while received.count < count {
            guard try receive() else { throw Failure(what: "the connection ended") }
        }
        defer { received.removeFirst(count) }
        return Array(received.prefix(count))
    }

    private func receive() throws -> Bool {
        var buffer = [UInt8](repeating: 0, count: 65_536)
        let count = recv(descriptor, &buffer, buffer.count, 0)
        guard count >= 0 else { throw Failure(what: "receive: \(errno)") }
        received += buffer.prefix(count)
        return count > 0
    }
}

/// Runs what waits on a thread of its own, so that the server's tasks find theirs free.
func waiting<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value
{
    try await withCheckedThrowingContinuation { continuation in
        Thread.detachNewThread { continuation.resume(with: Result(catching: body)) }
    }
}
