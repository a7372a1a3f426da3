import Testing

@testable import ControlClient

@Suite struct HTTPResponseTests {
    /// What comes out when the bytes arrive in pieces of this size.
    private func read(_ text: String, pieces: Int) -> String? {
        var response = HTTPResponse()
        var content: [UInt8] = []
        var rest = Array(text.utf8)[...]
        do throws(HTTPResponse.Malformed) {
            while !rest.isEmpty, !response.isComplete {
                content += try response.receive(Array(rest.prefix(pieces)))
                rest = rest.dropFirst(pieces)
            }
            try response.end()
        } catch {
            return nil
        }
        return "\(response.status ?? 0) " + String(decoding: content, as: UTF8.self)
    }

    @Test func `a body is read whatever gives its length`() {
        let head = "HTTP/1.1 200 OK\r\nServer: x\r\n"
        for pieces in [1, 2, 3, 7, 1000] {
            #expect(read(head + "Content-Length: 5\r\n\r\nhello", pieces: pieces) == "200 hello")
            #expect(read(head + "\r\nhello", pieces: pieces) == "200 hello")
            let chunks =
                "transfer-encoding: Chunked\r\n\r\n3;x=y\r\nhel\r\n2\r\nlo\r\n0\r\nT: 1\r\n\r\n"
            #expect(read(head + chunks, pieces: pieces) == "200 hello")
            #expect(read(head + "Content-Length: 0\r\n\r\n", pieces: pieces) == "200 ")
            let early = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 404 No\r\nContent-Length: 1\r\n\r\nx"
            #expect(read(early, pieces: pieces) == "404 x")
        }
    }

    @Test func `what is no answer is refused`() {
        let head = "HTTP/1.1 200 OK\r\n"
        let wrong = [
            "", "hello\r\n\r\n", "HTTP/1.1 abc\r\n\r\n", head + "Content-Length: -1\r\n\r\n",
            head + "Content-Length: 9\r\n\r\nshort",
            head + "Transfer-Encoding: chunked\r\n\r\nzz\r\n",
            head + "Transfer-Encoding: chunked\r\n\r\n2\r\nabc\r\n0\r\n\r\n",
            head + "Transfer-Encoding: chunked\r\n\r\n7fffffffffffffff\r\nabc",
            String(repeating: "x", count: 70_000),
        ]
        for text in wrong { #expect(read(text, pieces: 5000) == nil, "\(text.prefix(80))") }
    }
}
