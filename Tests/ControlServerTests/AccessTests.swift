import Foundation
import Testing

@testable import ControlServer

/// Who may do what; other users are other processes, so these need root.
@Suite struct AccessTests {
    /// The user and group that Debian has for whoever is nobody.
    static let nobody: UInt32 = 65_534

    /// Sends a request as another user from a process of its own and answers what it was told.
    /// Perl, because every Debian has it.
    private func send(_ body: String, to path: String) async throws -> String {
        let script = """
            use Socket;
            $) = "\(Self.nobody) \(Self.nobody)"; $> = \(Self.nobody);
            socket(my $s, PF_UNIX, SOCK_STREAM, 0) or die $!;
            connect($s, pack_sockaddr_un($ARGV[0])) or die $!;
            syswrite($s, "POST /v1/commands HTTP/1.1\\r\\nHost: x\\r\\nConnection: close\\r\\n"
                . "Content-Length: " . length($ARGV[1]) . "\\r\\n\\r\\n" . $ARGV[1]);
            while (sysread($s, my $b, 65536)) { print $b }
            """
        return try await waiting {
            let process = Process()
            process.executableURL = URL(fileURLWithPath: "/usr/bin/perl")
            process.arguments = ["-e", script, path, body]
            let output = Pipe()
            process.standardOutput = output
            try process.run()
            let data = output.fileHandleForReading.readDataToEndOfFile()
            process.waitUntilExit()
            return String(decoding: data, as: UTF8.self)
        }
    }

    @Test(.enabled(if: geteuid() == 0))
    func `a user in no group may do nothing`() async throws {
        try await Fixture.run { fixture in
            let answer = try await send(#"{"command":"echo"}"#, to: fixture.socketPath)
            #expect(answer.hasPrefix("HTTP/1.1 403"))
            #expect(
                answer.hasSuffix(
                    #"{"error":{"code":-138,"message":"'echo' needs monitor access, got none"}}"#
                        + "\n"))
        }
    }

    @Test(.enabled(if: geteuid() == 0))
    func `a user of the monitor group may look and not change`() async throws {
        var groups = GroupAccess()
        groups.monitorGroup = "nogroup"
        let rules = groups
        try await Fixture.run(access: { rules.access(of: $0) }) { fixture in
            let look = try await send(#"{"command":"echo"}"#, to: fixture.socketPath)
            #expect(look.hasPrefix("HTTP/1.1 200"))
            let change = try await send(#"{"command":"fail"}"#, to: fixture.socketPath)
            #expect(change.contains("'fail' needs full access, got monitor"))
        }
    }

    @Test(.enabled(if: geteuid() == 0))
    func `a user of the full group may change`() async throws {
        var groups = GroupAccess()
        groups.fullGroup = "nogroup"
        let rules = groups
        try await Fixture.run(access: { rules.access(of: $0) }) { fixture in
            let change = try await send(#"{"command":"fail"}"#, to: fixture.socketPath)
            #expect(change.contains(#""code":-123"#))
        }
    }

    @Test func `groups are those of the user data base and of the process`() {
        var groups = GroupAccess()
        groups.fullGroup = "no such group"
        groups.monitorGroup = "daemon"
        let caller = { PeerCredentials(processID: 1, userID: $0, groupID: $1) }
        #expect(groups.access(of: caller(0, 0)) == .full)
        #expect(groups.access(of: caller(Self.nobody, 1)) == .monitor)
        #expect(groups.access(of: caller(Self.nobody, Self.nobody)) == .none)
        #expect(groups.access(of: caller(4_000_000, 4_000_000)) == .none)
    }
}
