import CommandModel
import ControlClient
import DTCLSyntax
import ToolKit
import UnderstudyCommands

/// What the prompt knows while a line is typed. Belongs to the prompt's task.
final class PromptState {
    /// Lines of the statement that is not finished.
    var earlier = ""
    /// Servers by their names; the one that SOURCE named is asked for sets and connections.
    var servers: [ServerBook.Entry] = []
    var source: ControlClient?
    /// Names without `$`, in the order in which they were met.
    private(set) var variables: [String]
    private(set) var procedures: [String] = []
    private var kept: [String: (names: [String], until: Double)] = [:]

    /// Longest time that a key press waits for a server.
    private static let silenceSeconds = 0.5
    private static let keptSeconds = 5.0

    init(variables: [String]) {
        self.variables = variables
    }

    /// Notes the names in a text that is about to run.
    func learn(_ text: String) {
        let script = Script.parse(text, name: "prompt")
        var isAfterProcedure = false
        for token in script.tokens {
            let spelling = script.source.text(in: token.range)
            switch token.kind {
            case .variable:
                let name = spelling.drop { $0 == "$" || $0 == "{" }
                    .prefix { $0 == "_" || $0.isLetter || $0.isNumber }
                if name.first?.isNumber == false { Self.add(String(name), to: &variables) }
            case .word, .identifier:
                if isAfterProcedure { Self.add(spelling, to: &procedures) }
                isAfterProcedure = Keyword(word: spelling) == .procedure
            default: isAfterProcedure = false
            }
        }
    }

    private static func add(_ name: String, to names: inout [String]) {
        if !names.contains(where: { $0.lowercased() == name.lowercased() }) { names.append(name) }
    }

    // MARK: Names that servers know

    var serverNames: [String] { servers.map(\.name) }

    func connections() -> [String] { names("connections", "connection") }

    /// Names or numbers of what there is of a sort.
    func names(ofSort sort: String) -> [String] {
        switch sort {
        case Sort.replicationSet: names("repset.list", "name")
        case Sort.setting: names("settings") { $0.record?.fields.map(\.name) ?? [] }
        case Sort.monitor: names("monitor.list", "name")
        case Sort.job: names("job.list", "name")
        case Sort.hook: names("hooks.list", "id")
        case Sort.run: names("script.history", "run")
        default: []
        }
    }

    private func names(_ command: String, _ field: String) -> [String] {
        names(command) { value in
            (value.list ?? []).compactMap { record in
                record.record?[field].flatMap { $0.text ?? $0.integer.map(String.init) }
            }
        }
    }

    private func names(_ command: String, _ found: (CommandValue) -> [String]) -> [String] {
        guard var source else { return [] }
        let key = "\(source.address) \(command)"
        let now = MonotonicClock.seconds
        if let kept = kept[key], kept.until > now { return kept.names }
        source.silenceSeconds = PromptState.silenceSeconds
        let names = (try? source.ask(command)).map { found($0.value) } ?? []
        kept[key] = (names, MonotonicClock.seconds + PromptState.keptSeconds)
        return names
    }

    /// What is known may have changed.
    func forget() { kept = [:] }
}
