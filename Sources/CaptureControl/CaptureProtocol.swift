/// What the daemon says to a capture process and what it answers: one text message each way over a
/// Unix socket that keeps messages apart (SOCK_SEQPACKET).
package enum CaptureRequest: Equatable, Sendable {
    /// Who are you? The answer brings descriptors: the journal, the device, the folder's root.
    case hello
    /// From now on these rules decide what belongs to which set.
    case rules(generation: UInt64, [SelectionRule])
    case stats
    /// How far are the requests that the kernel has made? The answer's `isRead` is 1 when the
    /// kernel has none that is not read yet; `turns` are numbers, with commas between them, one for
    /// each thread that may have one in its hands: 0 where it has none, and another one than
    /// before when it has answered it, or goes on to sleep.
    case flush
    /// Begin a new hot generation. The answer's `generation` is its number and `newest` the newest
    /// record: whatever counted on an older generation has a record up to there.
    case rotate
    /// Which objects were changed around the mount since the last time? The answer's `files` are
    /// `inode.generation`, with commas between them; `more` is 1 when there were others as well.
    case suspects
    case unmount

    /// Largest message in either direction.
    package static let byteCountMax = 128 * 1024
}

package enum CaptureReply: Equatable, Sendable {
    case ok([String: String])
    case error(String)
}

extension CaptureRequest {
    package var text: String {
        switch self {
        case .hello: return "hello"
        case .stats: return "stats"
        case .flush: return "flush"
        case .rotate: return "rotate"
        case .suspects: return "suspects"
        case .unmount: return "unmount"
        case .rules(let generation, let rules):
            var text = "rules \(generation)\n"
            for rule in rules {
                text += "\(rule.bit) \(rule.includes ? "include" : "exclude") "
                text += "\(rule.isRecursive ? "recursive" : "nonrecursive") "
                text += PercentCoding.encode(rule.path) + "\n"
            }
            return text
        }
    }

    /// nil for anything that is no request.
    package init?(_ text: String) {
        let lines = text.split(separator: "\n")
        guard let head = lines.first?.split(separator: " "), let verb = head.first else {
            return nil
        }
        switch (verb, head.count) {
        case ("hello", 1): self = .hello
        case ("stats", 1): self = .stats
        case ("flush", 1): self = .flush
        case ("rotate", 1): self = .rotate
        case ("suspects", 1): self = .suspects
        case ("unmount", 1): self = .unmount
        case ("rules", 2):
            guard let generation = UInt64(head[1]) else { return nil }
            var rules: [SelectionRule] = []
            for line in lines.dropFirst() {
                guard let rule = Self.rule(line) else { return nil }
                rules.append(rule)
            }
            self = .rules(generation: generation, rules)
        default: return nil
        }
    }

    private static func rule(_ line: Substring) -> SelectionRule? {
        let words = line.split(separator: " ")
        guard words.count == 4, let bit = UInt8(words[0]), bit < 16,
            words[1] == "include" || words[1] == "exclude",
            words[2] == "recursive" || words[2] == "nonrecursive",
            let path = PercentCoding.decode(words[3]), path.first == 0x2F
        else { return nil }
        return SelectionRule(
            bit: bit, includes: words[1] == "include", isRecursive: words[2] == "recursive",
            path: path)
    }
}

extension CaptureReply {
    /// `ok name=value ...`, values percent-encoded, or `error words`.
    package var text: String {
        switch self {
        case .error(let words): "error " + words
        case .ok(let fields):
            fields.sorted { $0.key < $1.key }.reduce("ok") {
                $0 + " \($1.key)=\(PercentCoding.encode(Array($1.value.utf8)))"
            }
        }
    }

    package init?(_ text: String) {
        if text.hasPrefix("error ") {
            self = .error(String(text.dropFirst(6)))
            return
        }
        let words = text.split(separator: " ")
        guard words.first == "ok" else { return nil }
        var fields: [String: String] = [:]
        for word in words.dropFirst() {
            guard let equals = word.firstIndex(of: "="),
                let value = PercentCoding.decode(word[word.index(after: equals)...])
            else { return nil }
            fields[String(word[..<equals])] = String(decoding: value, as: UTF8.self)
        }
        self = .ok(fields)
    }
}

/// Bytes as printable text without blanks: everything but letters, digits and `/._-` as `%XX`.
package enum PercentCoding {
    package static func encode(_ bytes: [UInt8]) -> String {
        let digits = Array("0123456789ABCDEF".utf8)
        var result: [UInt8] = []
        for byte in bytes {
            if isPlain(byte) {
                result.append(byte)
            } else {
                result += [0x25, digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
        return String(decoding: result, as: UTF8.self)
    }

    /// nil for a percent sign without two hexadecimal digits.
    package static func decode(_ text: Substring) -> [UInt8]? {
        var result: [UInt8] = []
        var bytes = Array(text.utf8)[...]
        while let byte = bytes.popFirst() {
            guard byte == 0x25 else {
                result.append(byte)
                continue
            }
            guard let high = bytes.popFirst().flatMap(value),
                let low = bytes.popFirst().flatMap(value)
            else { return nil }
            result.append(high << 4 | low)
        }
        return result
    }

    private static func isPlain(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2E, 0x2F, 0x5F, 0x2D: true
        default: false
        }
    }

    private static func value(_ digit: UInt8) -> UInt8? {
        switch digit {
        case 0x30...0x39: digit - 0x30
        case 0x41...0x46: digit - 0x41 + 10
        case 0x61...0x66: digit - 0x61 + 10
        default: nil
        }
    }
}
