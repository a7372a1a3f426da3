import CommandModel
import DTCLSyntax

// Help for people at a prompt, made from the declarations.
extension CommandTable {
    /// One line a command, in groups; then the names of those that are not available.
    public func overview() -> [String] {
        var lines: [String] = []
        let width = declarations.filter(\.isAvailable).map(\.name.count).max() ?? 0
        for group in groups {
            var told: Set<String> = []
            let shown = group.declarations.filter {
                $0.isAvailable && told.insert($0.name).inserted
            }
            guard !shown.isEmpty else { continue }
            if !lines.isEmpty { lines.append("") }
            lines.append(group.name)
            for declaration in shown {
                let gap = String(repeating: " ", count: width - declaration.name.count + 2)
                lines.append("  \(declaration.name)\(gap)\(plain(declaration.summary))")
            }
        }
        let available = Set(declarations.filter(\.isAvailable).map(\.name))
        var names: [String] = []
        for declaration in declarations
        where !available.contains(declaration.name) && !names.contains(declaration.name) {
            names.append(declaration.name)
        }
        if !names.isEmpty {
            lines += ["", "Not available in this version"]
            lines += wrapped(names.joined(separator: ", "), columns: 92).map { "  \($0)" }
        }
        return lines
    }

    /// What the words lead to: a command in full, then those whose words begin so. Empty when the
    /// first word is no command; `nearestCommand` may help then.
    public func help(on words: [String]) -> [String] {
        let found = declarations(startingWith: words)
        let here = found.prefix {
            $0.words.count == found[0].words.count && $0.name == found[0].name
        }
        let isCommand = !here.isEmpty && lookup(words).count >= here[0].words.count
        var lines: [String] = []
        let isPlanned = !here.contains(where: \.isAvailable)
        let told = isCommand ? here.filter { $0.isAvailable || isPlanned } : []
        for declaration in told { lines += (lines.isEmpty ? [] : [""]) + declaration.helpLines }
        let others = isCommand ? found.dropFirst(here.count).filter(\.isAvailable) : found
        if !lines.isEmpty, !others.isEmpty { lines.append("") }
        for declaration in others {
            lines += [declaration.usage, "    \(plain(declaration.summary))"]
        }
        return lines
    }

    /// Command words close to a wrong first word.
    public func nearestCommand(to word: String) -> String? {
        let spellings = lookup([String]()).following.flatMap { [$0.text] + $0.aliases }
        return NearestName.nearest(to: word, among: spellings)
    }

    func nearestFunction(to name: String) -> String? {
        NearestName.nearest(to: name, among: functions.map(\.name))
    }

    struct Group {
        var name: String
        var declarations: [CommandDeclaration]
    }

    /// In the order of their first command.
    var groups: [Group] {
        var groups: [Group] = []
        for declaration in declarations {
            if let place = groups.firstIndex(where: { $0.name == declaration.group }) {
                groups[place].declarations.append(declaration)
            } else {
                groups.append(Group(name: declaration.group, declarations: [declaration]))
            }
        }
        return groups.map { group in
            Group(name: group.name, declarations: CommandTable.arranged(group.declarations))
        }
    }

    /// Ways to write one command stand together, what works first.
    private static func arranged(_ declarations: [CommandDeclaration]) -> [CommandDeclaration] {
        var told: Set<String> = []
        return declarations.filter { told.insert($0.name).inserted }.flatMap { first in
            let ways = declarations.filter { $0.name == first.name }
            return ways.filter(\.isAvailable) + ways.filter { !$0.isAvailable }
        }
    }
}

extension CommandDeclaration {
    /// Everything about the command.
    public var helpLines: [String] {
        var lines = usageLines(columns: 94) + ["", "  \(sentence(plain(summary)))"]
        if !details.isEmpty {
            lines += [""] + wrapped(plain(details), columns: 92).map { "  \($0)" }
        }
        lines += [""] + labelled("Access:", access)
        if !answer.isEmpty { lines += labelled("Value:", plain(answer)) }
        if let forms = shortForms { lines += labelled("Short:", forms) }
        lines += labelled("Lua:", luaUsage)
        for (index, fault) in faults.enumerated() {
            let label = index == 0 ? "Errors:" : ""
            lines += labelled(label, "\(fault.code.rawValue) \(fault.meaning)")
        }
        if !isAvailable { lines.append("  Not available in this version.") }
        if !examples.isEmpty {
            lines += ["", "  Examples:"]
            for example in examples {
                let explanation = example.explanation.isEmpty ? "" : "    # \(example.explanation)"
                lines.append("    \(example.line)\(explanation)")
            }
        }
        return lines
    }

    /// The usage, its further lines indented.
    func usageLines(columns: Int) -> [String] {
        wrapped(usage, columns: columns).enumerated().map { $0 == 0 ? $1 : "    \($1)" }
    }

    /// `  Label:  text`, its further lines below the text.
    private func labelled(_ label: String, _ text: String) -> [String] {
        let column = 8
        return wrapped(text, columns: 92 - column).enumerated().map { index, line in
            let start = index == 0 ? label : ""
            return "  \(start)\(String(repeating: " ", count: column - start.count))\(line)"
        }
    }

    var access: String {
        switch permission {
        case .none: "none"
        case .monitor: "monitor"
        case .full: "full"
        }
    }

    /// The shortest way to type the command words, nil when they cannot be shortened.
    var shortForms: String? {
        let short = words.map(\.shortest).joined(separator: " ")
        return short == name ? nil : short.lowercased()
    }
}

/// Lines of at most so many characters, where words allow it.
func wrapped(_ text: String, columns: Int) -> [String] {
    var lines: [String] = []
    for word in text.split(separator: " ") {
        if let last = lines.last, last.count + word.count < columns {
            lines[lines.count - 1] = "\(last) \(word)"
        } else {
            lines.append(String(word))
        }
    }
    return lines
}

/// Without the marks for names and values that pages have.
func plain(_ text: String) -> String { text.filter { $0 != "`" } }

/// With a capital and a full stop.
func sentence(_ text: String) -> String {
    text.prefix(1).uppercased() + text.dropFirst() + "."
}
