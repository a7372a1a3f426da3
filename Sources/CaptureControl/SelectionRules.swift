/// One line of a replication set: a path, and whether it is in or out.
package struct SelectionRule: Equatable, Sendable {
    /// The set's bit in `OperationRecord.membership`, 0...15.
    package var bit: UInt8
    package var includes: Bool
    /// Without it a directory's rule covers itself and what lies directly in it, no directories.
    package var isRecursive: Bool
    /// Absolute, bytes as on disk; `*` and `?` stand for any bytes of one component.
    package var path: [UInt8]

    package init(bit: UInt8, includes: Bool, isRecursive: Bool, path: [UInt8]) {
        self.bit = bit
        self.includes = includes
        self.isRecursive = isRecursive
        self.path = path
    }
}

/// Decides which replication sets a path belongs to.
///
/// Of the rules of one set that match, the one with most components decides; where two have as
/// many, exclude beats include. A path that no rule matches is out.
package struct SelectionRules: Sendable {
    /// Given by whoever made the rules; only for showing.
    package let generation: UInt64
    private let rules: [CompiledRule]

    package static let none = SelectionRules(generation: 0, [])

    package init(generation: UInt64, _ rules: [SelectionRule]) {
        self.generation = generation
        self.rules = rules.map(CompiledRule.init)
        allBits = rules.reduce(0) { $0 | 1 << UInt16($1.bit & 15) }
    }

    /// The sets that have any rule at all.
    package let allBits: UInt16

    /// No path belongs to any set.
    package var isEmpty: Bool { rules.isEmpty }

    /// One bit for each set that `path` (absolute) belongs to.
    package func membership(of path: [UInt8], isDirectory: Bool) -> UInt16 {
        guard !rules.isEmpty else { return 0 }
        let components = path.split(separator: 0x2F)
        var result: UInt16 = 0
        var decided = [Int](repeating: -1, count: 16)
        for rule in rules where rule.matches(components, isDirectory) {
            let bit = Int(rule.bit)
            // Twice the components, plus one for an exclusion: one number to compare.
            let rank = rule.components.count * 2 + (rule.includes ? 0 : 1)
            guard rank > decided[bit] else { continue }
            decided[bit] = rank
            if rule.includes { result |= 1 << bit } else { result &= ~(1 << bit) }
        }
        return result
    }
}

private struct CompiledRule: Sendable {
    let bit: UInt8
    let includes: Bool
    let isRecursive: Bool
    let components: [[UInt8]]
    /// The last component holds a wild card: it names entries, not a tree.
    let endsWild: Bool

    init(_ rule: SelectionRule) {
        bit = rule.bit & 15
        includes = rule.includes
        isRecursive = rule.isRecursive
        components = rule.path.split(separator: 0x2F).map(Array.init)
        endsWild = components.last.map { $0.contains(0x2A) || $0.contains(0x3F) } ?? false
    }

    func matches(_ path: [ArraySlice<UInt8>], _ isDirectory: Bool) -> Bool {
        let leading = endsWild ? components.count - 1 : components.count
        guard path.count >= components.count else { return false }
        for index in 0..<leading where !Wildcard.matches(components[index], path[index]) {
            return false
        }
        guard endsWild, let last = components.last else {
            if isRecursive || path.count == leading { return true }
            return path.count == leading + 1 && !isDirectory
        }
        guard isRecursive else {
            return path.count == components.count && Wildcard.matches(last, path[leading])
        }
        return path[leading...].contains { Wildcard.matches(last, $0) }
    }
}

/// `*` and `?` in one component; no other byte is special.
package enum Wildcard {
    package static func matches(_ pattern: [UInt8], _ text: ArraySlice<UInt8>) -> Bool {
        var patternPlace = 0
        var textPlace = text.startIndex
        // Where to go on when what follows the last `*` did not match.
        var retry: (pattern: Int, text: Int)?
        while textPlace < text.endIndex {
            if patternPlace < pattern.count, pattern[patternPlace] == 0x2A {
                patternPlace += 1
                retry = (patternPlace, textPlace)
            } else if patternPlace < pattern.count,
                pattern[patternPlace] == 0x3F || pattern[patternPlace] == text[textPlace]
            {
                patternPlace += 1
                textPlace += 1
            } else if let place = retry {
                patternPlace = place.pattern
                textPlace = place.text + 1
                retry = (place.pattern, place.text + 1)
            } else {
                return false
            }
        }
        while patternPlace < pattern.count, pattern[patternPlace] == 0x2A { patternPlace += 1 }
        return patternPlace == pattern.count
    }
}
