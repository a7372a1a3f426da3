extension ShellCompletion {
    /// For zsh 5 with its completion system.
    var zsh: String {
        var lines = [
            "#compdef \(tool.name)",
            "# Completion of \(tool.name) for zsh, made by the program itself.", "",
            "\(function)() {", "    local word=$words[CURRENT] previous=$words[CURRENT-1]",
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
        lines += ["\(function) \"$@\""]
        return lines.joined(separator: "\n") + "\n"
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
