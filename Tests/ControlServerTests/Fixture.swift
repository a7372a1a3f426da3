import CommandModel
import ControlServer
import Foundation
import Logging

/// A server on a socket in a fresh folder, with `FakeExecutor` behind it.
struct Fixture: Sendable {
    let folder: String
    let executor = FakeExecutor()
    let server: ControlServer

    var socketPath: String { folder + "/control.sock" }

    init(access: @escaping @Sendable (PeerCredentials) -> ControlAccess) throws {
        folder = try Self.makeFolder()
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        server = ControlServer(
            socketPath: folder + "/control.sock", executor: executor,
            permission: { command in
                switch FakeExecutor.permission(command) {
                case .monitor: .monitor
                case .full: .full
                case nil: nil
                }
            },
            serverDescription: { ["name": .text("alpha"), "port": .integer(1500)] },
            access: access, logger: logger)
    }

    /// Starts a server, hands it out and stops it, whatever happens.
    static func run(
        access: @escaping @Sendable (PeerCredentials) -> ControlAccess = {
            GroupAccess().access(of: $0)
        },
        _ body: (Fixture) async throws -> Void
    ) async throws {
        let fixture = try Fixture(access: access)
        defer { try? FileManager.default.removeItem(atPath: fixture.folder) }
        try await fixture.server.start()
        do {
            try await body(fixture)
        } catch {
            await fixture.server.stop()
            throw error
        }
        await fixture.server.stop()
    }

    /// A folder that other users may pass through, for they are to reach the socket.
    static func makeFolder() throws -> String {
        var template = Array("/tmp/understudy-control-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw Client.Failure(what: "mkdtemp: \(errno)") }
        let path = template.withUnsafeBufferPointer { pointer in
            String(decoding: pointer.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        }
        chmod(path, 0o711)
        return path
    }
}
