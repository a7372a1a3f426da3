import CommandModel
import DTCLSyntax

/// A line at the head of a DTCL file that makes it a hook:
/// `# on mirror.* timeout=30s priority=5 delay failure=stop`.
struct HookHeader: Hashable {
    var pattern: HookPattern
    var options = Hook.Options()

    /// All such lines before the first statement.
    /// - Throws: `scriptNotStarted` with the line that is wrong.
    static func headers(of source: SourceText) throws(CommandError) -> [HookHeader] {
        var headers: [HookHeader] = []
        for line in lines(of: source) {
            do throws(HeaderProblem) {
                headers.append(try HookHeader(line.words))
            } catch {
                throw CommandError(
                    .scriptNotStarted, "\(source.name):\(line.number): \(error.message)")
            }
        }
        return headers
    }

    private struct Line {
        var number: Int
        var range: SourceRange
        /// Behind `on`; at least one.
        var words: [String]
    }

    private static func lines(of source: SourceText) -> [Line] {
        var lines: [Line] = []
        var number = 0
        var start = 0
        for line in source.bytes.split(
            separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        {
            number += 1
            let range = SourceRange(UInt32(start), UInt32(start + line.count))
            start += line.count + 1
            let words = String(decoding: line, as: UTF8.self)
                .split { $0 == " " || $0 == "\t" || $0 == "\r" }
            guard let first = words.first else { continue }
            guard first.hasPrefix("#") else { break }
            let rest = first == "#" ? words.dropFirst() : [first.dropFirst()] + words.dropFirst()
            guard rest.first?.lowercased() == "on", rest.count > 1 else { continue }
            lines.append(
                Line(number: number, range: range, words: rest.dropFirst().map(String.init)))
        }
        return lines
    }

    /// Warnings about such lines. Other comments may begin with `on`, too: only what looks like an
    /// event is spoken of.
    /// - Parameter events: names that are known; none when nobody knows.
    static func doubts(in source: SourceText, events: [String]) -> [Diagnostic] {
        lines(of: source).filter { $0.words[0].contains(".") }.compactMap { line in
            do throws(HeaderProblem) {
                let pattern = try HookHeader(line.words).pattern
                guard !events.isEmpty, !events.contains(where: pattern.matches) else { return nil }
                let hint = NearestEvent.name(to: pattern.text, among: events)
                return Diagnostic(
                    id: "event-unknown", severity: .warning, range: line.range,
                    message: "no event is called '\(pattern.text)'",
                    notes: hint.map { [Diagnostic.Note(message: "did you mean '\($0)'?")] } ?? [])
            } catch {
                return Diagnostic(
                    id: "hook-line-invalid", severity: .warning, range: line.range,
                    message: "as a hook: \(error.message)")
            }
        }
    }

    /// Whether the file means to be a hook, its lines right or wrong.
    static func stands(in source: SourceText) -> Bool {
        do throws(CommandError) { return !(try headers(of: source)).isEmpty } catch { return true }
    }

    private struct HeaderProblem: Error {
        var message: String
    }

    private init(_ words: [String]) throws(HeaderProblem) {
        guard let pattern = HookPattern(words[0]) else {
            throw HeaderProblem(
                message: "got '\(words[0])', expected an event such as 'mirror.completed' or "
                    + "'mirror.*'")
        }
        self.pattern = pattern
        for word in words.dropFirst() {
            let parts = word.split(separator: "=", maxSplits: 1).map(String.init)
            guard options.set(parts[0].lowercased(), parts.count > 1 ? parts[1] : nil) else {
                throw HeaderProblem(
                    message: "got '\(word)', expected timeout=TIME, priority=NUMBER, delay, "
                        + "nodelay or failure=ignore|report|stop")
            }
        }
    }
}

extension Hook.Options {
    /// Whether there is such an option with such a value.
    mutating func set(_ name: String, _ value: String?) -> Bool {
        switch (name, value) {
        case ("delay", nil): waits = true
        case ("nodelay", nil): waits = false
        case ("priority", let text?):
            guard let number = Int(text) else { return false }
            priority = number
        case ("timeout", let text?):
            guard case .success(let literal) = NumberLiteral.read(text),
                literal.unit?.isTime ?? true, literal.seconds > 0
            else { return false }
            timeoutSeconds = literal.seconds
        case ("failure", let text?):
            guard let effect = ScriptObject.FailureEffect(rawValue: text.lowercased()) else {
                return false
            }
            failure = effect
        default: return false
        }
        return true
    }
}
