/// Scripts that let a shell complete a tool's command line.
public struct ShellCompletion: Sendable {
    public enum Shell: String, Sendable, CaseIterable {
        case bash
        case zsh
        case fish
    }

    let tool: ToolDescription
    /// What may follow the command words, by those words in small letters; "" for the first ones.
    let commandWords: [(path: String, next: [String])]

    public init(_ tool: ToolDescription, table: CommandTable) {
        self.tool = tool
        commandWords = ShellCompletion.tree(of: table)
    }

    /// One script for several tools, to be read by the shell or put where it looks for such.
    public static func script(for shell: Shell, _ tools: [ShellCompletion]) -> String {
        switch shell {
        case .bash: tools.map(\.bash).joined(separator: "\n")
        case .fish: tools.map(\.fish).joined(separator: "\n")
        case .zsh: zsh(tools)
        }
    }

    private static func tree(of table: CommandTable) -> [(path: String, next: [String])] {
        var next: [(path: String, next: [String])] = []
        for declaration in table.declarations {
            for words in declaration.paths {
                for count in words.indices {
                    let path = words[..<count].joined(separator: " ")
                    let place = next.firstIndex { $0.path == path }
                    if let place {
                        if !next[place].next.contains(words[count]) {
                            next[place].next.append(words[count])
                        }
                    } else {
                        next.append((path, [words[count]]))
                    }
                }
            }
        }
        return next
    }

    // MARK: - Parts that the shells share

    /// The function's name.
    var function: String { "_" + tool.name.map { $0 == "-" ? "_" : String($0) }.joined() }

    var optionsWithValue: [ToolDescription.Option] {
        var seen: Set<[String]> = []
        return (tool.options + tool.jobs.flatMap(\.options)).filter {
            $0.value != nil && seen.insert($0.names).inserted
        }
    }

    /// Within double quotes of a shell's text.
    static func quoted(_ text: String) -> String {
        var result = ""
        for character in text {
            if "\\\"$`".contains(character) { result += "\\" }
            result.append(character)
        }
        return result
    }

    /// Within single quotes.
    static func literal(_ text: String) -> String {
        text.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''")
    }
}
