/// What a terminal would show: characters, the cursor, wrapping at the edge, and the few sequences
/// that an editor of lines sends. Lines that leave at the top are kept.
struct TerminalScreen {
    private(set) var columns: Int
    private(set) var rows: [[Character]] = [[]]
    private(set) var row = 0
    private(set) var column = 0
    /// The cursor stands behind the last column; the next character goes to the next row.
    private var isBehindEdge = false
    /// Rows that go on in the next one, because the window ended.
    private var wrapped: Set<Int> = []
    /// What stood behind the cursor was taken away since the last change of the size.
    private(set) var hasBeenCleared = false
    private var sequence: String?
    /// Bytes of a character that has not come whole.
    private var rest: [UInt8] = []

    init(columns: Int) {
        self.columns = columns
    }

    /// Without blanks at their ends, and without empty ones at the end.
    var lines: [String] {
        var lines = rows.map { row in
            String(String(row.reversed().drop { $0 == " " }.reversed()))
        }
        while lines.last == "" { lines.removeLast() }
        return lines
    }

    /// The row of the cursor up to the cursor.
    var beforeCursor: String {
        let line = rows[row] + Array(repeating: " ", count: max(0, column - rows[row].count))
        return String(line[..<column])
    }

    /// Lines that were wrapped are laid out anew, as most terminals do.
    mutating func resize(columns: Int) {
        hasBeenCleared = false
        var lines: [[Character]] = []
        var place = (line: 0, offset: 0)
        var isContinued = false
        for (index, characters) in rows.enumerated() {
            if !isContinued { lines.append([]) }
            if index == row { place = (lines.count - 1, lines[lines.count - 1].count + column) }
            lines[lines.count - 1] += characters
            isContinued = wrapped.contains(index)
        }
        self.columns = columns
        rows = []
        wrapped = []
        for (index, line) in lines.enumerated() {
            let first = rows.count
            for start in stride(from: 0, to: max(1, line.count), by: columns) {
                if start > 0 { wrapped.insert(rows.count - 1) }
                rows.append(Array(line[start..<min(line.count, start + columns)]))
            }
            if index == place.line {
                row = min(first + place.offset / columns, rows.count - 1)
                column = place.offset % columns
            }
        }
    }

    mutating func show(_ bytes: some Sequence<UInt8>) {
        rest += bytes
        while let first = rest.first {
            let length = first < 0x80 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4
            guard rest.count >= length else { return }
            let text = String(decoding: rest[..<length], as: UTF8.self)
            rest.removeFirst(length)
            for scalar in text.unicodeScalars { show(scalar) }
        }
    }

    private mutating func show(_ scalar: Unicode.Scalar) {
        if let begun = sequence {
            continueSequence(begun, scalar)
            return
        }
        switch scalar {
        case "\u{1B}": sequence = ""
        case "\r":
            column = 0
            isBehindEdge = false
        case "\n": moveDown()
        case "\u{8}":
            if !isBehindEdge { column = max(0, column - 1) }
            isBehindEdge = false
        case "\t": column = min(columns - 1, (column / 8 + 1) * 8)
        case "\u{0}"..<" ": break
        default: put(Character(scalar))
        }
    }

    private mutating func put(_ character: Character) {
        if isBehindEdge {
            column = 0
            wrapped.insert(row)
            moveDown()
        }
        extend(to: column)
        if column < rows[row].count {
            rows[row][column] = character
        } else {
            rows[row].append(character)
        }
        if column + 1 < columns {
            column += 1
        } else {
            isBehindEdge = true
        }
    }

    private mutating func extend(to column: Int) {
        while rows[row].count < column { rows[row].append(" ") }
    }

    private mutating func moveDown() {
        isBehindEdge = false
        row += 1
        if row == rows.count { rows.append([]) }
    }

    private mutating func continueSequence(_ begun: String, _ scalar: Unicode.Scalar) {
        if begun.isEmpty {
            // Everything else with one letter is of no interest here.
            sequence = scalar == "[" || scalar == "(" ? String(scalar) : nil
            return
        }
        if begun == "(" {
            sequence = nil
            return
        }
        guard ("@"..."~").contains(scalar) else {
            sequence = begun + String(scalar)
            return
        }
        sequence = nil
        carryOut(scalar, begun.dropFirst())
    }

    private mutating func carryOut(_ command: Unicode.Scalar, _ parameters: Substring) {
        let count = Int(parameters.prefix { $0.isNumber }) ?? 0
        let times = max(1, count)
        switch command {
        case "A": row = max(0, row - times)
        case "B": for _ in 0..<times { moveDown() }
        case "C": column = min(columns - 1, column + times)
        case "D": column = max(0, column - times)
        case "G": column = min(columns, times) - 1
        case "K" where count == 0: rows[row] = Array(rows[row].prefix(column))
        case "K": rows[row] = []
        case "J":
            hasBeenCleared = true
            wrapped.remove(row)
            rows[row] = Array(rows[row].prefix(column))
            for below in (row + 1)..<max(row + 1, rows.count) { rows[below] = [] }
        case "P":
            let end = min(rows[row].count, column + times)
            if column < end { rows[row].removeSubrange(column..<end) }
        case "@":
            extend(to: column)
            rows[row].insert(contentsOf: Array(repeating: " ", count: times), at: column)
            rows[row] = Array(rows[row].prefix(columns))
        default: break
        }
        if command != "m", command != "h", command != "l" { isBehindEdge = false }
    }
}
