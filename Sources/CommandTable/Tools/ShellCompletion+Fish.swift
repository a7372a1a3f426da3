extension ShellCompletion {
    /// For fish 3.
    var fish: String {
        var lines = [
            "# Completion of \(tool.name) for fish, made by the program itself.", "",
            "# The first word that is no option and no value of one, then the words after it.",
            "function _\(function)_words",
            "    set -l words (commandline -opc)", "    set -e words[1]", "    set -l job",
            "    while set -q words[1]", "        switch $words[1]",
        ]
        let names = optionsWithValue.flatMap(\.names)
        if !names.isEmpty {
            lines += [
                "            case \(names.map { "'\($0)'" }.joined(separator: " "))",
                "                test -z \"$job\"; and set -e words[1]",
            ]
        }
        lines += [
            "            case '-?*'", "            case '*'",
            "                set -a job (string lower -- $words[1])", "        end",
            "        set -e words[1]", "    end", "    string join ' ' -- $job", "end", "",
            "function _\(function)_job",
            "    set -l words (string split ' ' -- (_\(function)_words))",
            "    test \"$words[1]\" = \"$argv[1]\"", "end", "",
        ]
        lines.append("complete -c \(tool.name) -f")
        lines += tool.options.map { fish($0, when: "_\(function)_job ''") }
        for job in tool.jobs {
            lines.append(
                "complete -c \(tool.name) -n \"_\(function)_job ''\" -a '\(job.name)' -d "
                    + "'\(ShellCompletion.fishLiteral(job.summary))'")
        }
        lines += fish(tool.arguments, when: "_\(function)_job ''")
        for job in tool.jobs {
            lines += job.options.map { fish($0, when: "_\(function)_job \(job.name)") }
            lines += fish(job.arguments, when: "_\(function)_job \(job.name)")
        }
        let known = tool.jobs.map { "not _\(function)_job \($0.name)" }
        let isScript = (["not _\(function)_job ''"] + known).joined(separator: "; and ")
        lines.append("complete -c \(tool.name) -n \"\(isScript)\" -F")
        if usesCommandWords { lines += fishCommandWords }
        return lines.joined(separator: "\n") + "\n"
    }

    private func fish(_ option: ToolDescription.Option, when condition: String) -> String {
        var line = "complete -c \(tool.name) -n \"\(condition)\""
        for name in option.names {
            line += name.hasPrefix("--") ? " -l \(name.dropFirst(2))" : " -s \(name.dropFirst())"
        }
        if option.value != nil {
            switch option.values {
            case .files, .scripts, .folders: line += " -r -F"
            case .words(let words): line += " -x -a '\(words.joined(separator: " "))'"
            case .any, .commandWords: line += " -x"
            }
        }
        return line + " -d '\(ShellCompletion.fishLiteral(option.summary))'"
    }

    private func fish(_ values: ToolDescription.Values, when condition: String) -> [String] {
        let start = "complete -c \(tool.name) -n \"\(condition)\""
        return switch values {
        case .any: []
        case .files: ["\(start) -F"]
        case .scripts: ["\(start) -a '(__fish_complete_suffix .dtcl)'"]
        case .folders: ["\(start) -a '(__fish_complete_directories)'"]
        case .words(let words): ["\(start) -a '\(words.joined(separator: " "))'"]
        case .commandWords: ["\(start) -a '(_\(function)_commands)'"]
        }
    }

    /// Words that follow those after the job's name.
    private var fishCommandWords: [String] {
        var lines = [
            "", "function _\(function)_commands",
            "    set -l words (string split -m 1 ' ' -- (_\(function)_words))",
            "    switch \"$words[2]\"",
        ]
        for entry in commandWords {
            lines.append("        case '\(entry.path)'")
            lines.append("            string split ' ' -- '\(entry.next.joined(separator: " "))'")
        }
        return lines + ["    end", "end"]
    }

    static func fishLiteral(_ text: String) -> String {
        var result = ""
        for character in text {
            if character == "'" || character == "\\" { result += "\\" }
            result.append(character)
        }
        return result
    }
}
