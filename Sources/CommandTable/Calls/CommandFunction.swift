/// A command as a function of another language: `dt.repset.create("name")`.
public struct CommandFunction: Sendable {
    /// Words in small letters. One path may be the beginning of another: `target` is a function and
    /// holds `pause`.
    public var path: [String]
    /// Declarations that share the words; the first that fits a call is taken.
    public var declarations: [CommandDeclaration]

    public var name: String { path.joined(separator: ".") }
}

extension CommandTable {
    /// Every command as a function, under each spelling of its words, in the order of the table.
    public var functions: [CommandFunction] {
        var found: [CommandFunction] = []
        var places: [String: Int] = [:]
        for declaration in declarations {
            for path in declaration.paths {
                let name = path.joined(separator: ".")
                if let place = places[name] {
                    found[place].declarations.append(declaration)
                } else {
                    places[name] = found.count
                    found.append(CommandFunction(path: path, declarations: [declaration]))
                }
            }
        }
        return found
    }

    func function(at path: [String]) -> CommandFunction? {
        let lookup = lookup(path)
        // Short forms are for people.
        let found = lookup.candidates.filter {
            $0.count == path.count && lookup.count == path.count
                && $0.declaration.paths.contains(path)
        }.map(\.declaration)
        return found.isEmpty ? nil : CommandFunction(path: path, declarations: found)
    }
}

extension CommandDeclaration {
    /// The words in small letters, one path for each combination of their spellings.
    var paths: [[String]] {
        words.reduce([[]]) { paths, word in
            let spellings = ([word.text] + word.aliases).map { $0.lowercased() }
            return spellings.flatMap { spelling in paths.map { $0 + [spelling] } }
        }
    }
}
