/// Cuts what an editor sends into messages: a header with `Content-Length`, a blank line, so many
/// bytes. Whatever the bytes, it ends in messages and complaints and finds the next header again.
public struct MessageFraming: Sendable {
    public enum Piece: Sendable, Hashable {
        case message([UInt8])
        /// What was wrong with what has been skipped.
        case broken(String)
    }

    /// Longest header, in bytes; real ones have a line or two.
    static let headerBytesMax = 8_192

    private enum State {
        case header
        case content(length: Int)
        /// The rest of a message that is too long, which is not kept.
        case skipping(length: Int)
        /// After a broken header: up to the next line that begins like one.
        case searching
    }

    private let contentBytesMax: Int
    private var state = State.header
    private var bytes: [UInt8] = []

    /// - Parameter contentBytesMax: longest message that is kept.
    public init(contentBytesMax: Int = 64 << 20) {
        self.contentBytesMax = contentBytesMax
    }

    /// Takes what has come in and gives what is whole.
    public mutating func take(_ input: some Sequence<UInt8>) -> [Piece] {
        bytes += input
        var pieces: [Piece] = []
        var start = 0
        while let step = next(from: start) {
            if let piece = step.piece { pieces.append(piece) }
            start = step.end
        }
        bytes.removeFirst(start)
        return pieces
    }

    /// What came of the bytes up to `end`; nil when more are needed.
    private mutating func next(from start: Int) -> (piece: Piece?, end: Int)? {
        let available = bytes.count - start
        switch state {
        case .header: return header(from: start)
        case .searching: return search(from: start)
        case .content(let length):
            guard available >= length else { return nil }
            state = .header
            return (.message(Array(bytes[start..<(start + length)])), start + length)
        case .skipping(let length):
            guard available > 0 else { return nil }
            let count = min(available, length)
            state = count == length ? .header : .skipping(length: length - count)
            return (nil, start + count)
        }
    }

    private mutating func header(from start: Int) -> (piece: Piece?, end: Int)? {
        guard let end = blankLine(from: start) else {
            guard bytes.count - start > MessageFraming.headerBytesMax else { return nil }
            return broken("a header is longer than \(MessageFraming.headerBytesMax) bytes", start)
        }
        let lines = String(decoding: bytes[start..<end], as: UTF8.self)
            .split { $0 == "\r\n" || $0 == "\n" || $0 == "\r" }
        var length: Int?
        for line in lines {
            let parts = line.split(separator: ":", maxSplits: 1)
            guard parts.count == 2 else {
                return broken("got '\(line.prefix(40))', expected 'Content-Length: …'", start)
            }
            if parts[0].lowercased() == "content-length" {
                length = Int(parts[1].trimmingBlanks)
            }
        }
        guard let length, length >= 0 else {
            return broken("a header has no 'Content-Length' that is a number", start)
        }
        guard length <= contentBytesMax else {
            state = .skipping(length: length)
            return (
                .broken("a message of \(length) bytes is longer than \(contentBytesMax)"), end
            )
        }
        state = .content(length: length)
        return (nil, end)
    }

    private mutating func broken(_ reason: String, _ start: Int) -> (piece: Piece?, end: Int)? {
        state = .searching
        // The line that is wrong is not looked at again.
        return (.broken(reason), min(start + 1, bytes.count))
    }

    private mutating func search(from start: Int) -> (piece: Piece?, end: Int)? {
        let mark = Array("content-length".utf8)
        var place = start
        while place + mark.count <= bytes.count {
            let found = zip(bytes[place...], mark).allSatisfy { $0 | 0x20 == $1 || $0 == $1 }
            if found {
                state = .header
                return (nil, place)
            }
            place += 1
        }
        return place > start ? (nil, place) : nil
    }

    /// The end of the first blank line.
    private func blankLine(from start: Int) -> Int? {
        var place = start
        var lineStart = start
        while place < bytes.count, place - start <= MessageFraming.headerBytesMax {
            if bytes[place] == UInt8(ascii: "\n") {
                let line = bytes[lineStart..<place].filter { $0 != UInt8(ascii: "\r") }
                if line.isEmpty, lineStart > start { return place + 1 }
                lineStart = place + 1
            }
            place += 1
        }
        return nil
    }

    /// A message with its header.
    public static func frame(_ content: [UInt8]) -> [UInt8] {
        Array("Content-Length: \(content.count)\r\n\r\n".utf8) + content
    }
}

extension Substring {
    var trimmingBlanks: Substring {
        var text = self
        while text.first == " " || text.first == "\t" { text.removeFirst() }
        while text.last == " " || text.last == "\t" { text.removeLast() }
        return text
    }
}
