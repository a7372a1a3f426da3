extension ShellCompletion {
    /// For zsh 5 with its completion system: a file of its own, or read by the shell.
    static func zsh(_ tools: [ShellCompletion]) -> String {
        let names = tools.map(\.tool.name).joined(separator: " ")
        var lines = [
            "#compdef \(names)", "# Completion of \(names) for zsh, made by the program itself.",
            "",
        ]
        for tool in tools { lines.append(tool.zshFunctions) }
        guard let first = tools.first else { return "" }
        // The file is named after the first tool; as a function of that name it serves all.
        lines += ["\(first.function)() {", "    case $service in"]
        for tool in tools {
            lines.append("        \(tool.tool.name)) \(tool.function)_line ;;")
        }
        lines += [
            "    esac", "}", "", "if (( $#funcstack )) && [[ -n $service ]]; then",
            "    \(first.function) \"$@\"", "else", "    compdef \(first.function) \(names)", "fi",
        ]
        return lines.joined(separator: "\n") + "\n"
    }

    private var zshFunctions: String {
        var lines = [
            "\(function)_line() {", "    local word=$words[CURRENT] previous=$words[CURRENT-1]",
            "    local job= commands=", "    local -i index", "    local -a found",
            "    for ((index = 2; index < CURRENT; index++)); do",
            "        if [[ -n $job ]]; then",
            "            commands+=${commands:+ }${(L)words[index]}", "            continue",
            "        fi", "        case $words[index] in",
        ]
        let names = optionsWithValue.flatMap(\.names)
        if !names.isEmpty {
            lines.append("            \(names.joined(separator: "|"))) ((index++)) ;;")
        }
        lines += [
            "            -?*) ;;", "            *) job=$words[index] ;;", "        esac",
            "    done",
            "    case $previous in",
        ]
        for option in optionsWithValue {
            lines.append(
                "        \(option.names.joined(separator: "|"))) \(zsh(option.values)); return ;;")
        }
        lines += ["    esac", "    case $job in", "        '')"]
        lines += ["            if [[ $word == -* ]]; then"]
        lines += described(tool.options).map { "                \($0)" }
        lines += ["            else"]
        if !tool.jobs.isEmpty {
            lines.append("                found=(")
            for job in tool.jobs {
                lines.append("                    '\(entry(job.name, job.summary))'")
            }
            lines += ["                )", "                _describe 'command' found"]
        }
        lines += ["                \(zsh(tool.arguments))", "            fi ;;"]
        for job in tool.jobs {
            lines += ["        \(job.name))", "            if [[ $word == -* ]]; then"]
            lines += described(job.options).map { "                \($0)" }
            lines += ["            else", "                \(zsh(job.arguments))"]
            lines += ["            fi ;;"]
        }
        lines += ["        *) _files ;;", "    esac", "}", ""]
        if usesCommandWords { lines += zshCommandWords }
        return lines.joined(separator: "\n")
    }

    private func described(_ options: [ToolDescription.Option]) -> [String] {
        guard !options.isEmpty else { return [":"] }
        var lines = ["found=("]
        for option in options {
            for name in option.names { lines.append("    '\(entry(name, option.summary))'") }
        }
        return lines + [")", "_describe 'option' found"]
    }

    /// `name:summary`, as _describe wants it.
    private func entry(_ name: String, _ summary: String) -> String {
        let name = name.split(separator: ":", omittingEmptySubsequences: false)
            .joined(separator: "\\:")
        return ShellCompletion.literal("\(name):\(summary)")
    }

    private func zsh(_ values: ToolDescription.Values) -> String {
        switch values {
        case .any: ":"
        case .files: "_files"
        case .scripts: "_files -g '*.dtcl'"
        case .folders: "_files -/"
        case .words(let words): "compadd -- \(words.joined(separator: " "))"
        case .commandWords: "\(function)_commands \"$commands\""
        }
    }

    private var zshCommandWords: [String] {
        var lines = ["\(function)_commands() {", "    case $1 in"]
        for entry in commandWords {
            let path = entry.path.isEmpty ? "''" : "'\(entry.path)'"
            lines.append("        \(path)) compadd -- \(entry.next.joined(separator: " ")) ;;")
        }
        return lines + ["    esac", "}", ""]
    }
}
