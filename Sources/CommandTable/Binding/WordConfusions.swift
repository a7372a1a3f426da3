import DTCLSyntax

/// Words that people type for others: misspelled, from other programs, in another order, glued
/// together or apart.
enum WordConfusions {
    /// What other programs call things, best first.
    private static let synonyms: [String: [String]] = [
        "abort": ["STOP", "CANCEL"], "activate": ["ENABLE", "START"], "all": ["LIST"],
        "append": ["ADD"], "begin": ["START"], "cancel": ["STOP"], "change": ["SET", "OPTION"],
        "clone": ["COPY"], "continue": ["RESUME"], "deactivate": ["DISABLE", "STOP"],
        "del": ["DELETE", "REMOVE"], "delete": ["REMOVE"], "describe": ["DISPLAY"],
        "diff": ["DIFFERENT"], "drop": ["DELETE", "REMOVE"], "duplicate": ["COPY"],
        "end": ["STOP"], "erase": ["DELETE"], "exit": ["QUIT"], "finish": ["STOP"],
        "generate": ["CREATE"], "get": ["DISPLAY"], "halt": ["STOP"], "hold": ["PAUSE"],
        "info": ["DISPLAY", "STATUS"], "insert": ["ADD"], "kill": ["STOP"], "launch": ["START"],
        "load": ["IMPORT"], "ls": ["LIST"], "make": ["CREATE"], "modify": ["OPTION"],
        "move": ["RENAME"], "mv": ["RENAME"], "new": ["CREATE"], "off": ["DISABLE"],
        "on": ["ENABLE"], "print": ["DISPLAY", "LIST"], "refresh": ["RELOAD"],
        "remove": ["DELETE"], "rm": ["DELETE", "REMOVE"], "run": ["START"],
        "select": ["USE"], "show": ["DISPLAY", "LIST", "STATUS"], "store": ["SAVE"],
        "suspend": ["PAUSE"], "switch": ["USE"], "unmount": ["UNMOUNT"], "umount": ["UNMOUNT"],
        "unpause": ["RESUME"], "view": ["DISPLAY", "LIST"], "write": ["SAVE"],
    ]

    /// The keyword that a word probably means.
    static func suggestion(for word: Word, among keywords: [CommandWord]) -> String? {
        guard word.isKeywordCandidate else { return nil }
        let spellings = keywords.flatMap { [$0.text] + $0.aliases }
        if let nearest = NearestName.nearest(to: word.raw, among: spellings) { return nearest }
        return synonyms[word.raw.lowercased()]?.first { spellings.contains($0) }
    }

    /// Words that a word begins, shorter than it may be.
    static func lengthened(_ word: Word, among keywords: [CommandWord]) -> [String] {
        guard word.isKeywordCandidate, !word.raw.isEmpty else { return [] }
        let typed = word.raw.uppercased()
        return keywords.flatMap { [$0.text] + $0.aliases }.filter { $0.hasPrefix(typed) }
    }
}

/// A command that the first words of a line probably mean.
struct CommandMeant {
    /// In capitals.
    var words: [String]
    /// How many words of the line mean it.
    var count: Int

    var name: String { words.joined(separator: " ") }
}

extension CommandTable {
    /// For a line whose first word begins no command: `list repset`, `repsetlist`,
    /// `wait on mirror`, `show connections`.
    func commandMeant(by words: [Word]) -> CommandMeant? {
        if let glued = commandGlued(from: words) { return glued }
        let typed = words.prefix { $0.isKeywordCandidate }.prefix(2).map { $0.raw.uppercased() }
        guard let first = typed.first else { return nil }
        for declaration in declarations where declaration.isAvailable {
            for count in 1...declaration.words.count where count > 1 {
                let words = declaration.words.prefix(count).map(\.text)
                if words.joined() == first { return CommandMeant(words: words, count: 1) }
            }
        }
        guard typed.count > 1 else { return nil }
        return swapped(first, typed[1])
    }

    /// A first word that was typed as several.
    func commandGlued(from words: [Word]) -> CommandMeant? {
        let typed = words.prefix { $0.isKeywordCandidate }.prefix(3).map { $0.raw.uppercased() }
        for count in stride(from: typed.count, to: 1, by: -1) {
            let joined = typed.prefix(count).joined()
            if let found = firstWords.first(where: { $0 == joined }) {
                return CommandMeant(words: [found], count: count)
            }
        }
        return nil
    }

    /// What is done before what it is done to.
    private func swapped(_ verb: String, _ noun: String) -> CommandMeant? {
        let outer = lookup([noun])
        guard outer.count == 1 else { return nil }
        let meant = words(from: declarations(startingWith: [noun])[0], 1)
        if lookup([noun, verb]).count == 2 {
            let names = declarations(startingWith: [noun, verb])[0].words.prefix(2).map(\.text)
            return CommandMeant(words: names, count: 2)
        }
        let known = outer.following.map(\.text)
        let isLook = ["SHOW", "LIST", "LS", "DISPLAY", "VIEW", "PRINT", "GET"].contains(verb)
        if isLook, !outer.candidates.isEmpty, known.isEmpty {
            return CommandMeant(words: meant, count: 2)
        }
        let verbs = isLook ? ["LIST", "DISPLAY", "STATUS"] : []
        guard let word = verbs.first(where: known.contains) else { return nil }
        return CommandMeant(words: meant + [word], count: 2)
    }

    private func words(from declaration: CommandDeclaration, _ count: Int) -> [String] {
        declaration.words.prefix(count).map(\.text)
    }

    private var firstWords: [String] {
        lookup([String]()).following.flatMap { [$0.text] + $0.aliases }
    }
}
