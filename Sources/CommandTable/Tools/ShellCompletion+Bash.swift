extension ShellCompletion {
    /// For bash 4.4 and later, without any other package.
    var bash: String {
        var lines = [
            "# Completion of \(tool.name) for bash, made by the program itself.",
            "\(function)_words() {", "    local IFS=$'\\n'",
            "    COMPREPLY=($(compgen -W \"$1\" -- \"$2\"))", "}", "",
            "\(function)_files() {", "    compopt -o filenames 2>/dev/null",
            "    local IFS=$'\\n'", "    if [[ -n $2 ]]; then",
            "        COMPREPLY=($(compgen -d -- \"$1\"; compgen -f -X \"!*.$2\" -- \"$1\"))",
            "    else", "        COMPREPLY=($(compgen -f -- \"$1\"))", "    fi", "}", "",
            "\(function)() {",
            "    local word=${COMP_WORDS[COMP_CWORD]} job= path= index last",
            // The shell's own words are parted at = and : as well.
            "    local line=${COMP_LINE:0:COMP_POINT}", "    local -a words",
            "    read -ra words <<< \"$line\"",
            "    [[ $line == *[[:blank:]] ]] && words+=('')", "    last=$((${#words[@]} - 1))",
            "    local previous=${words[last-1]}", "    COMPREPLY=()",
            "    for ((index = 1; index < last; index++)); do",
            "        if [[ -n $job ]]; then", "            path+=${path:+ }${words[index],,}",
            "            continue", "        fi", "        case ${words[index]} in",
        ]
        for pattern in valuePatterns {
            lines.append("            \(pattern)) ((index++)) ;;")
        }
        lines += [
            "            -?*) ;;", "            *) job=${words[index]} ;;", "        esac",
            "    done",
        ]
        lines += ["    case $previous in"]
        for option in optionsWithValue {
            lines.append(
                "        \(option.names.joined(separator: "|"))) \(bash(option.values)); return ;;")
        }
        lines += ["    esac", "    case $job in"]
        lines.append("        '')")
        lines.append("            if [[ $word == -* ]]; then")
        lines.append("                \(words(tool.options.flatMap(\.names)))")
        lines.append("            else")
        lines.append("                \(bash(tool.arguments))")
        if !tool.jobs.isEmpty {
            let names = tool.jobs.map(\.name).joined(separator: "\\n")
            lines.append("                COMPREPLY+=($(compgen -W $'\(names)' -- \"$word\"))")
        }
        lines += ["            fi ;;"]
        for job in tool.jobs {
            lines.append("        \(job.name))")
            lines.append("            if [[ $word == -* ]]; then")
            lines.append("                \(words((job.options).flatMap(\.names)))")
            lines.append("            else")
            lines.append("                \(bash(job.arguments))")
            lines.append("            fi ;;")
        }
        lines += ["        *) \(function)_files \"$word\" ;;", "    esac", "}", ""]
        if usesCommandWords { lines += bashCommandWords }
        lines.append("complete -F \(function) \(tool.name)")
        return lines.joined(separator: "\n") + "\n"
    }

    /// Options whose value is the next word.
    private var valuePatterns: [String] {
        let names = optionsWithValue.flatMap(\.names)
        return names.isEmpty ? [] : [names.joined(separator: "|")]
    }

    var usesCommandWords: Bool {
        tool.jobs.contains { $0.arguments == .commandWords }
    }

    private func words(_ words: [String]) -> String {
        guard !words.isEmpty else { return ":" }
        return "\(function)_words $'\(words.joined(separator: "\\n"))' \"$word\""
    }

    private func bash(_ values: ToolDescription.Values) -> String {
        switch values {
        case .any: ":"
        case .files: "\(function)_files \"$word\""
        case .scripts: "\(function)_files \"$word\" dtcl"
        case .folders: "compopt -o filenames 2>/dev/null; COMPREPLY=($(compgen -d -- \"$word\"))"
        case .words(let words): self.words(words)
        case .commandWords: "\(function)_commands \"$path\" \"$word\""
        }
    }

    /// The words after some command words.
    private var bashCommandWords: [String] {
        var lines = ["\(function)_commands() {", "    local words=", "    case $1 in"]
        for entry in commandWords {
            let path = entry.path.isEmpty ? "''" : "'\(entry.path)'"
            lines.append("        \(path)) words='\(entry.next.joined(separator: " "))' ;;")
        }
        lines += [
            "    esac", "    COMPREPLY=($(compgen -W \"$words\" -- \"${2,,}\"))", "}", "",
        ]
        return lines
    }
}
