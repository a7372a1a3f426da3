import DTCLSyntax

/// The commands of a program, found by their words. Immutable; made once.
public struct CommandTable: Sendable {
    public private(set) var declarations: [CommandDeclaration]
    private var nodes: [Node] = [Node()]

    /// A place after some command words.
    private struct Node: Sendable {
        var children: [(word: CommandWord, node: Int)] = []
        var declarations: [Int] = []
        /// Whether something can be run here or below; only then is its word offered.
        var isAvailable = false
    }

    /// Declarations may share their words; the first that fits a line is taken.
    public init(_ declarations: [CommandDeclaration]) {
        self.declarations = declarations
        for (index, declaration) in declarations.enumerated() {
            var node = 0
            for word in declaration.words {
                node = child(of: node, word)
                if declaration.isAvailable { nodes[node].isAvailable = true }
            }
            nodes[node].declarations.append(index)
        }
        for node in nodes where node.declarations.contains(where: { declarations[$0].isAvailable })
        {
            for index in node.declarations { self.declarations[index].hasAvailableForm = true }
        }
    }

    private mutating func child(of parent: Int, _ word: CommandWord) -> Int {
        if let known = nodes[parent].children.first(where: { $0.word.text == word.text }) {
            return known.node
        }
        nodes.append(Node())
        nodes[parent].children.append((word, nodes.count - 1))
        return nodes.count - 1
    }

    public func declaration(id: String) -> CommandDeclaration? {
        declarations.first { $0.id == id }
    }
}

/// How far the command words of a line lead.
struct CommandLookup {
    /// Declarations on the way with the number of their words, longest first.
    var candidates: [(declaration: CommandDeclaration, count: Int)] = []
    /// The place in the table.
    fileprivate var node = 0
    /// Words that were recognised.
    var count = 0
    /// Command words that could follow there.
    var following: [CommandWord] = []
}

extension CommandTable {
    func lookup(_ words: some Collection<Word>) -> CommandLookup {
        lookup(words.prefix { $0.isKeywordCandidate }.map(\.raw))
    }

    func lookup(_ words: [String]) -> CommandLookup {
        var lookup = CommandLookup()
        var node = 0
        for typed in words {
            guard let next = bestChild(of: node, typed) else { break }
            node = next
            lookup.count += 1
            let found = nodes[node].declarations.map { (declarations[$0], lookup.count) }
            lookup.candidates.insert(contentsOf: found, at: 0)
        }
        lookup.following = nodes[node].children.filter { nodes[$0.node].isAvailable }.map(\.word)
        lookup.node = node
        return lookup
    }

    /// The declarations that the words lead to, those with just these words first. Words after the
    /// last that is known do not count; none when the first is not known.
    public func declarations(startingWith words: [String]) -> [CommandDeclaration] {
        let lookup = lookup(words)
        return lookup.count == 0 ? [] : declarations(below: lookup.node)
    }

    func declarations(below lookup: CommandLookup, _ word: CommandWord) -> [CommandDeclaration] {
        nodes[lookup.node].children.first { $0.word.text == word.text }
            .map { declarations(below: $0.node) } ?? []
    }

    private func declarations(below node: Int) -> [CommandDeclaration] {
        nodes[node].declarations.map { declarations[$0] }
            + nodes[node].children.flatMap { declarations(below: $0.node) }
    }

    /// An exact word beats a shortened one.
    private func bestChild(of parent: Int, _ typed: String) -> Int? {
        var best: (match: CommandWord.Match, node: Int)?
        for child in nodes[parent].children {
            let match = child.word.match(typed)
            if match > best?.match ?? .none { best = (match, child.node) }
        }
        return best?.node
    }

    /// Pairs of words in one place of which one can be typed so that it means both; must be empty.
    public var ambiguities: [String] {
        var found: [String] = []
        for node in nodes {
            for (index, left) in node.children.enumerated() {
                for right in node.children[(index + 1)...] where left.word.collides(right.word) {
                    found.append("\(left.word.text) and \(right.word.text)")
                }
            }
        }
        return found
    }
}

extension CommandWord {
    /// Whether something short fits both words.
    func collides(_ other: CommandWord) -> Bool {
        for left in spellings {
            for right in other.spellings {
                let common = zip(left.full, right.full).prefix { $0 == $1 }.count
                if common >= left.shortestCount, common >= right.shortestCount { return true }
                if left.full == right.full { return true }
            }
        }
        return false
    }
}
