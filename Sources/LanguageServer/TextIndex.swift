import CommandModel
import DTCLSyntax

/// Lines of a text, and places in it as editors count them: lines from 0, and in a line the units
/// of UTF-16.
struct TextIndex: Sendable {
    let bytes: [UInt8]
    private let lineStarts: [Int]

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
        var starts = [0]
        for (offset, byte) in bytes.enumerated() where byte == UInt8(ascii: "\n") {
            starts.append(offset + 1)
        }
        lineStarts = starts
    }

    /// A place beyond the end of its line is the end of the line, one beyond the text its end; one
    /// inside a character its start.
    func offset(line: Int, character: Int) -> Int {
        guard line >= 0 else { return 0 }
        guard line < lineStarts.count else { return bytes.count }
        var offset = lineStarts[line]
        let end = lineEnd(line)
        var units = 0
        while offset < end, units < character {
            let length = TextIndex.length(of: bytes[offset])
            units += length == 4 ? 2 : 1
            guard units <= character else { break }
            offset = min(end, offset + length)
        }
        return offset
    }

    func position(of offset: Int) -> CommandValue {
        let offset = max(0, min(offset, bytes.count))
        let line = self.line(of: offset)
        var units = 0
        var place = lineStarts[line]
        while place < offset {
            let length = TextIndex.length(of: bytes[place])
            units += length == 4 ? 2 : 1
            place += length
        }
        return .record(["line": .integer(Int64(line)), "character": .integer(Int64(units))])
    }

    func range(_ range: SourceRange) -> CommandValue {
        .record([
            "start": position(of: Int(range.lower)),
            "end": position(of: max(Int(range.lower), Int(range.upper))),
        ])
    }

    var whole: SourceRange { SourceRange(0, UInt32(bytes.count)) }

    /// Without the characters that end it.
    private func lineEnd(_ line: Int) -> Int {
        guard line + 1 < lineStarts.count else { return bytes.count }
        let end = lineStarts[line + 1] - 1
        return end > lineStarts[line] && bytes[end - 1] == UInt8(ascii: "\r") ? end - 1 : end
    }

    private func line(of offset: Int) -> Int {
        var low = 0
        var high = lineStarts.count
        while high - low > 1 {
            let middle = (low + high) / 2
            if lineStarts[middle] <= offset { low = middle } else { high = middle }
        }
        return low
    }

    /// Bytes of the character that begins so; 1 for what begins none.
    private static func length(of byte: UInt8) -> Int {
        switch byte {
        case 0xC2...0xDF: 2
        case 0xE0...0xEF: 3
        case 0xF0...0xF4: 4
        default: 1
        }
    }
}
