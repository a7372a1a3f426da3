/// Turns byte offsets into lines and columns. Built once for a text when messages are to be shown.
public struct LineTable: Sendable {
    private let source: SourceText
    private let lineStarts: [Int]

    public init(_ source: SourceText) {
        self.source = source
        var starts = [0]
        for (offset, byte) in source.bytes.enumerated() where byte == UInt8(ascii: "\n") {
            starts.append(offset + 1)
        }
        lineStarts = starts
    }

    public var lineCount: Int { lineStarts.count }

    /// The place of a byte; an offset past the end counts as the end.
    public func position(of offset: UInt32) -> SourcePosition {
        let offset = min(Int(offset), source.bytes.count)
        let index = lineIndex(of: offset)
        var column = 1
        for byte in source.bytes[lineStarts[index]..<offset] where byte & 0xC0 != 0x80 {
            column += 1
        }
        return SourcePosition(line: index + 1, column: column)
    }

    /// A line without its end; empty for a line that does not exist.
    public func text(ofLine line: Int) -> String {
        guard line >= 1, line <= lineStarts.count else { return "" }
        let start = lineStarts[line - 1]
        var end = line < lineStarts.count ? lineStarts[line] - 1 : source.bytes.count
        if end > start, source.bytes[end - 1] == UInt8(ascii: "\r") { end -= 1 }
        return String(decoding: source.bytes[start..<end], as: UTF8.self)
    }

    /// The last line that starts at or before the offset, by halving.
    private func lineIndex(of offset: Int) -> Int {
        var low = 0
        var high = lineStarts.count
        while high - low > 1 {
            let middle = (low + high) / 2
            if lineStarts[middle] <= offset { low = middle } else { high = middle }
        }
        return low
    }
}
