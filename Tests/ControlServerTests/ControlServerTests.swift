import CommandModel
import Foundation
import Testing

@testable import ControlServer

@Suite struct ControlServerTests {
    @Test func `a command's result comes as one line`() async throws {
        try await Fixture.run { fixture in
            let path = fixture.socketPath
            let answer = try await waiting {
                let client = try Client(path)
                try client.post(
                    #"{"command":"echo","arguments":{"z":1,"a":[true,null,"ä\n"]},"origin":"t"}"#)
                return try client.answer()
            }
            #expect(answer.status == 200)
            #expect(
                answer.body
                    == #"{"result":{"value":{"z":1,"a":[true,null,"ä\n"]},"lines":["t"]}}"# + "\n")
        }
    }

    @Test func `progress comes line by line before the result`() async throws {
        try await Fixture.run { fixture in
            let path = fixture.socketPath
            let answer = try await waiting {
                let client = try Client(path)
                try client.post(#"{"command":"count","arguments":{"to":3}}"#)
                return try client.answer()
            }
            let lines = answer.body.split(separator: "\n")
            #expect(lines.last == #"{"result":{"value":3,"lines":[]}}"#)
            #expect(lines.first == #"{"progress":{"line":"at 1","data":{"at":1}}}"#)
            #expect(lines.count == 4)
        }
    }

    @Test func `a slow reader misses old progress and never the result`() async throws {
        try await Fixture.run { fixture in
            let path = fixture.socketPath
            let answer = try await waiting {
                let client = try Client(path)
                try client.post(#"{"command":"count","arguments":{"to":50000}}"#)
                return try client.answer()
            }
            #expect(answer.body.hasSuffix(#"{"result":{"value":50000,"lines":[]}}"# + "\n"))
        }
    }

    @Test func `an error keeps its code and message`() async throws {
        try await Fixture.run { fixture in
            let path = fixture.socketPath
            let answer = try await waiting {
                let client = try Client(path)
                try client.post(#"{"command":"fail"}"#)
                return try client.answer()
            }
            #expect(answer.status == 200)
            #expect(
                answer.body
                    == #"{"error":{"code":-123,"message":"there is no replication set 'docs'"}}"#
                    + "\n")
        }
    }

    @Test func `many commands go over one connection`() async throws {
        try await Fixture.run { fixture in
            let path = fixture.socketPath
            let statuses = try await waiting {
                let client = try Client(path)
                return try (0..<200).map { number in
                    try client.post(#"{"command":"\#(number % 2 == 0 ? "echo" : "count")"}"#)
                    return try client.answer().status
                }
            }
            #expect(statuses.allSatisfy { $0 == 200 })
        }
    }

    @Test func `closing the connection cancels the command`() async throws {
        try await Fixture.run { fixture in
            let path = fixture.socketPath
            try await waiting {
                let client = try Client(path)
                try client.post(#"{"command":"wait"}"#)
                _ = try client.head()
                #expect(try client.chunk()?.contains("waiting") == true)
            }
            var cancellations = fixture.executor.cancellations.makeAsyncIterator()
            await cancellations.next()
        }
    }

    @Test func `ending only the sending side does not cancel`() async throws {
        try await Fixture.run { fixture in
            let path = fixture.socketPath
            let answer = try await waiting {
                let client = try Client(path)
                try client.post(#"{"command":"count","arguments":{"to":2}}"#)
                client.endSending()
                return try client.answer()
            }
            #expect(answer.body.contains(#""result""#))
        }
    }

    @Test func `stopping interrupts commands, tells their clients and removes the socket`()
        async throws
    {
        try await Fixture.run { fixture in
            let path = fixture.socketPath
            let client = try await waiting {
                let client = try Client(path)
                try client.post(#"{"command":"wait"}"#)
                _ = try client.head()
                _ = try client.chunk()
                return client
            }
            await fixture.server.stop()
            let last = try await waiting { try client.chunk() }
            #expect(last == #"{"error":{"code":-1002,"message":"interrupted"}}"# + "\n")
            #expect(access(path, F_OK) != 0)
        }
    }

    @Test func `the server's description says what the caller may do`() async throws {
        try await Fixture.run(access: { _ in .monitor }) { fixture in
            let path = fixture.socketPath
            let answer = try await waiting {
                let client = try Client(path)
                try client.get("/v1/server")
                return try client.answer()
            }
            #expect(answer.status == 200)
            #expect(answer.body == #"{"name":"alpha","port":1500,"access":1}"# + "\n")
        }
    }

    @Test(arguments: [
        (#"{"command":"echo""#, 400, "at byte 17: the text ends"),
        ("", 400, "at byte 0: the text ends"),
        ("[]", 400, "expected an object"), (#"{"arguments":{}}"#, 400, "'command' is missing"),
        (#"{"command":"echo","arguments":[]}"#, 400, "'arguments' is no object"),
        (#"{"command":"echo","origin":1}"#, 400, "'origin' is no text"),
        (#"{"command":"nothing"}"#, 404, "knows no command 'nothing'"),
    ])
    func `a malformed request is refused with the reason`(
        body: String, status: Int, reason: String
    ) async throws {
        try await Fixture.run { fixture in
            let path = fixture.socketPath
            let answer = try await waiting {
                let client = try Client(path)
                try client.post(body)
                return try client.answer()
            }
            #expect(answer.status == status)
            #expect(answer.body.hasPrefix(#"{"error":{"code":-10"#))
            #expect(answer.body.contains(reason), "\(answer.body)")
        }
    }

    @Test func `a request of a mebibyte is read and a longer one refused`() async throws {
        try await Fixture.run { fixture in
            let path = fixture.socketPath
            let (most, more) = try await waiting {
                let empty = #"{"command":"echo","origin":""}"#
                let room = ControlServer.requestBytesMax - empty.utf8.count
                let body = { (count: Int) in
                    empty.replacingOccurrences(
                        of: #""""#, with: "\"" + String(repeating: "x", count: count) + "\"")
                }
                let client = try Client(path)
                try client.post(body(room))
                let most = try client.answer()
                try client.post(body(room + 1))
                return (most, try client.answer())
            }
            #expect(most.status == 200)
            #expect(most.body.utf8.count > ControlServer.requestBytesMax - 100)
            #expect(more.status == 413)
            #expect(more.body.contains("longer than 1048576 bytes"))
        }
    }

    @Test func `other paths and methods are refused`() async throws {
        try await Fixture.run { fixture in
            let path = fixture.socketPath
            let statuses = try await waiting {
                let client = try Client(path)
                try client.get("/v1/commands")
                let method = try client.answer().status
                try client.get("/etc/passwd")
                return [method, try client.answer().status]
            }
            #expect(statuses == [405, 404])
        }
    }

    @Test func `bytes that are no HTTP end the connection and nothing else`() async throws {
        try await Fixture.run { fixture in
            let path = fixture.socketPath
            let answer = try await waiting {
                let strange = try Client(path)
                try strange.send([UInt8](repeating: 0xFF, count: 5000))
                _ = try? strange.answer()
                let client = try Client(path)
                try client.post(#"{"command":"echo"}"#)
                return try client.answer()
            }
            #expect(answer.status == 200)
        }
    }
}
