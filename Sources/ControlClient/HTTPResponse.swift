/// Reads an HTTP/1.1 response bit by bit: status, then the body as it comes, whatever way its
/// length is given. Pure; never more than `headBytesMax` before the body.
struct HTTPResponse {
    static let headBytesMax = 65_536
    /// Longest piece of a body in one chunk.
    static let chunkBytesMax = 64 << 20

    struct Malformed: Error { var reason: String }

    private(set) var status: Int?
    private(set) var isComplete = false
    private var buffer: [UInt8] = []
    private var body = Body.unknown

    private enum Body {
        /// Before the end of the head.
        case unknown
        /// Bytes that are still to come.
        case length(Int)
        case chunkSize
        case chunk(Int)
        case chunkEnd
        case trailer
        case untilClose
    }

    /// The bytes of the body that these bytes complete.
    mutating func receive(_ bytes: [UInt8]) throws(Malformed) -> [UInt8] {
        buffer += bytes
        var content: [UInt8] = []
        while !isComplete, try step(&content) {}
        return content
    }

    /// The other side has closed.
    mutating func end() throws(Malformed) {
        if case .untilClose = body { isComplete = true }
        guard isComplete else { throw Malformed(reason: "the answer ends too early") }
    }

    /// False when more bytes are needed.
    private mutating func step(_ content: inout [UInt8]) throws(Malformed) -> Bool {
        switch body {
        case .unknown: return try readHead()
        case .length(let count):
            let taken = take(min(count, buffer.count), into: &content)
            body = .length(count - taken)
            if count == taken { isComplete = true }
            return false
        case .untilClose:
            take(buffer.count, into: &content)
            return false
        case .chunkSize:
            guard let line = readLine() else {
                guard buffer.count < 1024 else { throw Malformed(reason: "a chunk without size") }
                return false
            }
            let digits = line.prefix { $0 != UInt8(ascii: ";") && $0 != UInt8(ascii: " ") }
            guard let size = Int(String(decoding: digits, as: UTF8.self), radix: 16), size >= 0,
                size <= HTTPResponse.chunkBytesMax
            else { throw Malformed(reason: "a chunk without size") }
            body = size == 0 ? .trailer : .chunk(size)
            return true
        case .chunk(let count):
            let taken = take(min(count, buffer.count), into: &content)
            body = count == taken ? .chunkEnd : .chunk(count - taken)
            return count == taken
        case .chunkEnd:
            guard let line = readLine() else { return false }
            guard line.isEmpty else { throw Malformed(reason: "a chunk longer than its size") }
            body = .chunkSize
            return true
        case .trailer:
            guard let line = readLine() else { return false }
            if line.isEmpty { isComplete = true }
            return !line.isEmpty
        }
    }

    @discardableResult
    private mutating func take(_ count: Int, into content: inout [UInt8]) -> Int {
        content += buffer[..<count]
        buffer.removeFirst(count)
        return count
    }

    private mutating func readLine() -> [UInt8]? {
        guard let end = buffer.firstIndex(of: UInt8(ascii: "\n")) else { return nil }
        var line = Array(buffer[..<end])
        if line.last == UInt8(ascii: "\r") { line.removeLast() }
        buffer.removeFirst(end + 1)
        return line
    }

    private mutating func readHead() throws(Malformed) -> Bool {
        guard let end = HTTPResponse.headEnd(buffer) else {
            guard buffer.count < HTTPResponse.headBytesMax else {
                throw Malformed(reason: "a head without end")
            }
            return false
        }
        let lines = String(decoding: buffer[..<end], as: UTF8.self)
            .split(whereSeparator: \.isNewline)
        buffer.removeFirst(end)
        let parts = (lines.first ?? "").split(separator: " ", maxSplits: 2)
        guard parts.count >= 2, parts[0].hasPrefix("HTTP/1."), let code = Int(parts[1]) else {
            throw Malformed(reason: "no HTTP/1.1 answer")
        }
        if (100..<200).contains(code) { return true }
        status = code
        try readFields(lines.dropFirst())
        return true
    }

    private mutating func readFields(_ lines: ArraySlice<Substring>) throws(Malformed) {
        body = .untilClose
        for line in lines {
            let parts = line.split(separator: ":", maxSplits: 1)
            guard parts.count == 2 else { continue }
            let value = parts[1].drop { $0 == " " }
            switch parts[0].lowercased() {
            case "transfer-encoding" where value.lowercased().hasSuffix("chunked"):
                body = .chunkSize
                return
            case "content-length":
                guard let count = Int(value), count >= 0 else {
                    throw Malformed(reason: "a content length that is no number")
                }
                body = .length(count)
                isComplete = count == 0
            default: break
            }
        }
    }

    /// The index after the empty line.
    private static func headEnd(_ bytes: [UInt8]) -> Int? {
        var index = 0
        while let end = bytes[index...].firstIndex(of: UInt8(ascii: "\n")) {
            let line = bytes[index..<end]
            if line.isEmpty || line.elementsEqual([UInt8(ascii: "\r")]) { return end + 1 }
            index = end + 1
        }
        return nil
    }
}
