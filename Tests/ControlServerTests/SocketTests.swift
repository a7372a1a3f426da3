import Foundation
import Logging
import Testing

@testable import ControlServer

@Suite struct SocketTests {
    @Test func `everybody may connect`() async throws {
        try await Fixture.run { fixture in
            let attributes = try FileManager.default.attributesOfItem(atPath: fixture.socketPath)
            #expect(attributes[.posixPermissions] as? Int == 0o666)
        }
    }

    @Test func `a socket that is answered is not taken away`() async throws {
        try await Fixture.run { fixture in
            #expect(throws: ControlServerError.inUse(fixture.socketPath)) {
                try ControlSocket.clear(fixture.socketPath)
            }
            #expect(access(fixture.socketPath, F_OK) == 0)
        }
    }

    @Test func `a socket that a killed server left is removed`() async throws {
        let fixture = try Fixture(access: { _ in .full })
        defer { try? FileManager.default.removeItem(atPath: fixture.folder) }
        let path = fixture.socketPath
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let status = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        #expect(status == 0)
        close(descriptor)
        try await fixture.server.start()
        let answer = try await waiting {
            let client = try Client(path)
            try client.get("/v1/server")
            return try client.answer().status
        }
        #expect(answer == 200)
        await fixture.server.stop()
    }

    @Test func `a file that is no socket stays`() async throws {
        let fixture = try Fixture(access: { _ in .full })
        defer { try? FileManager.default.removeItem(atPath: fixture.folder) }
        #expect(FileManager.default.createFile(atPath: fixture.socketPath, contents: nil))
        await #expect(throws: ControlServerError.notASocket(fixture.socketPath)) {
            try await fixture.server.start()
        }
        #expect(access(fixture.socketPath, F_OK) == 0)
    }

    @Test func `a path that does not fit is named with its limit`() {
        let path = "/tmp/" + String(repeating: "long", count: 30)
        #expect(throws: ControlServerError.pathTooLong(path, bytesMax: 107)) {
            try ControlSocket.clear(path)
        }
    }
}
