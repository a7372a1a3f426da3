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
        let text = String(decoding: source.bytes, as: UTF8.self)
        var headers: [HookHeader] = []
        var number = 0
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
            number += 1
            let words = line.split { $0 == " " || $0 == "\t" || $0 == "\r" }
            guard let first = words.first else { continue }
            guard first.hasPrefix("#") else { break }
            let rest = first == "#" ? words.dropFirst() : [first.dropFirst()] + words.dropFirst()
            guard rest.first?.lowercased() == "on", rest.count > 1 else { continue }
            do throws(HeaderProblem) {
                headers.append(try HookHeader(rest.dropFirst().map(String.init)))
            } catch {
                throw CommandError(
                    .scriptNotStarted, "\(source.name):\(number): \(error.message)")
            }
        }
        return headers
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
