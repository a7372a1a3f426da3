import Foundation

/// What `dtcl --json` said.
struct Answer {
    let status: Int32
    /// Every line as it was read.
    let lines: [[String: Any]]
    let text: String

    init(_ outcome: Child.Outcome) {
        status = outcome.status
        text = outcome.text
        lines = outcome.output.split(separator: "\n").compactMap { line in
            let value = try? JSONSerialization.jsonObject(with: Data(line.utf8))
            return value as? [String: Any]
        }
    }

    private var results: [[String: Any]] { lines.compactMap { $0["result"] as? [String: Any] } }

    /// The value of the last command.
    var value: Any? { results.last?["value"] }
    var integer: Int? { (value as? NSNumber)?.intValue }
    var record: [String: Any] { value as? [String: Any] ?? [:] }
    /// Texts of all commands.
    var shown: String {
        results.flatMap { $0["lines"] as? [String] ?? [] }.joined(separator: "\n")
    }

    /// The first error.
    var error: [String: Any]? { lines.lazy.compactMap { $0["error"] as? [String: Any] }.first }
    var code: Int? { (error?["code"] as? NSNumber)?.intValue }
    /// Of the first error, or of the first mistake in the text.
    var message: String {
        let mistake = lines.lazy.compactMap { $0["diagnostic"] as? [String: Any] }.first
        return (error ?? mistake)?["message"] as? String ?? ""
    }
}
