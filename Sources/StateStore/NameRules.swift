/// Which names people may give.
package enum NameRules {
    package static let lengthMax = 64
    /// Characters that cannot stand in the name of a replication set: they mean something in a
    /// command, or in the path of a log or export file made from the name.
    package static let illegal: Set<Character> = [
        ".", "?", "<", ">", ":", "\"", "\\", "/", "*", "|",
    ]

    /// - Throws: `invalidName` with the reason.
    package static func checkReplicationSet(_ name: String) throws(StateStoreError) {
        try checkLength(name)
        if let found = name.first(where: illegal.contains) {
            throw .invalidName(name, reason: "'\(found)' is not allowed in it")
        }
        if hasControl(name) { throw .invalidName(name, reason: "it has a control character") }
        if name.first == " " || name.last == " " {
            throw .invalidName(name, reason: "it begins or ends with a blank")
        }
        if name.allSatisfy({ $0.isASCII && $0.isNumber }) {
            // A connection is named by its number wherever a set can stand, too.
            throw .invalidName(name, reason: "it is a number")
        }
    }

    /// A server's name stands in addresses, certificates and the names of folders: letters, digits,
    /// `-`, `_` and `.`, with at least one letter so that it cannot be taken for an address.
    ///
    /// - Throws: `invalidName` with the reason.
    package static func checkServer(_ name: String) throws(StateStoreError) {
        try checkLength(name)
        let allowed = { (character: Character) in
            character.isASCII && (character.isLetter || character.isNumber)
        }
        if let found = name.first(where: { !allowed($0) && !"-_.".contains($0) }) {
            throw .invalidName(
                name, reason: "got '\(found)', expected letters, digits, '-', '_' and '.'")
        }
        guard let first = name.first, allowed(first) else {
            throw .invalidName(name, reason: "it must begin with a letter or a digit")
        }
        guard name.contains(where: \.isLetter) else {
            throw .invalidName(name, reason: "it needs a letter")
        }
    }

    private static func checkLength(_ name: String) throws(StateStoreError) {
        if name.isEmpty { throw .invalidName(name, reason: "it is empty") }
        if name.count > lengthMax {
            throw .invalidName(name, reason: "it is longer than \(lengthMax) characters")
        }
    }

    private static func hasControl(_ name: String) -> Bool {
        name.unicodeScalars.contains { $0.value < 0x20 || (0x7F...0x9F).contains($0.value) }
    }
}
