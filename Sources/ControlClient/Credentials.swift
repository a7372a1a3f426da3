/// What proves who somebody is, where a server asks for it.
package struct Credentials: Sendable, Hashable {
    package var user: String
    package var password: String

    package init(user: String, password: String) {
        self.user = user
        self.password = password
    }
}

/// Finds the credentials that a log-in does not give: in the environment, in a file of the person,
/// and at last by asking. Nothing is looked for before a server wants it.
package struct CredentialSource: Sendable {
    package struct Failure: Error, Sendable {
        /// Lower case, without secrets.
        package var message: String

        package init(_ message: String) {
            self.message = message
        }
    }

    /// A variable of the environment.
    package var variable: @Sendable (String) -> String?
    /// The text of the person's file, which is theirs alone; nil when there is none.
    package var file: @Sendable () throws(Failure) -> String?
    package var ask:
        @Sendable (_ question: String, _ isSecret: Bool) async throws(Failure) -> String

    package init(
        variable: @escaping @Sendable (String) -> String?,
        file: @escaping @Sendable () throws(Failure) -> String?,
        ask:
            @escaping @Sendable (_ question: String, _ isSecret: Bool) async throws(Failure) ->
            String
    ) {
        self.variable = variable
        self.file = file
        self.ask = ask
    }

    /// - Parameters:
    ///   - user: as the log-in says; nil: find one.
    ///   - indent: before questions.
    package func find(
        machine: String, user: String?, indent: String = ""
    ) async throws(Failure) -> Credentials {
        let own = machine.uppercased().map { $0.isASCII && ($0.isLetter || $0.isNumber) ? $0 : "_" }
        for suffix in ["_" + String(own), ""] {
            let name = variable("UNDERSTUDY_USER\(suffix)")
            guard let password = variable("UNDERSTUDY_PASSWORD\(suffix)"),
                let chosen = user ?? name, name == nil || name == chosen
            else { continue }
            return Credentials(user: chosen, password: password)
        }
        let wanted = user ?? variable("UNDERSTUDY_USER")
        if let text = try file(), let found = try Self.entry(text, machine: machine, user: wanted) {
            return found
        }
        let name: String
        if let wanted {
            name = wanted
        } else {
            name = try await ask("\(indent)User for \(machine): ", false)
        }
        let password = try await ask("\(indent)Password of \(name) for \(machine): ", true)
        return Credentials(user: name, password: password)
    }

    /// The first line `machine user password` that fits; the password is the rest of its line, and
    /// `*` stands for every machine. `#` begins a remark.
    static func entry(
        _ text: String, machine: String, user: String?
    ) throws(Failure) -> Credentials? {
        for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false)
            .enumerated()
        {
            let trimmed = line.drop { $0 == " " || $0 == "\t" }
            if trimmed.isEmpty || trimmed.first == "#" { continue }
            let parts = trimmed.split(maxSplits: 2) { $0 == " " || $0 == "\t" }
            guard parts.count == 3 else {
                throw Failure(
                    "line \(index + 1) of the credentials file is not 'machine user password'")
            }
            let isMeant = parts[0] == "*" || parts[0].lowercased() == machine.lowercased()
            if isMeant, user == nil || user.map({ parts[1] == $0 }) == true {
                return Credentials(user: String(parts[1]), password: String(parts[2]))
            }
        }
        return nil
    }
}
