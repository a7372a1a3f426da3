import CommandModel

/// An event as environment variables of a program.
enum EventFacts {
    /// `PREFIX_EVENT`, `PREFIX_SEQUENCE`, `PREFIX_TIME` and one variable for each fact that is a
    /// number, a text or a truth (1 or 0): `mirrorState` becomes `PREFIX_MIRROR_STATE`.
    static func variables(
        of event: RuntimeEvent, prefix: String
    ) -> [(name: String, value: String)] {
        var variables: [(name: String, value: String)] = [
            ("\(prefix)_EVENT", event.name), ("\(prefix)_SEQUENCE", "\(event.sequence)"),
            ("\(prefix)_TIME", "\(event.seconds)"),
        ]
        for field in event.record.fields {
            let name = "\(prefix)_\(variableName(field.name))"
            guard let text = text(of: field.value), !variables.contains(where: { $0.name == name })
            else { continue }
            variables.append((name, text))
        }
        return variables
    }

    private static func text(of value: CommandValue) -> String? {
        switch value {
        case .none: ""
        case .boolean(let truth): truth ? "1" : "0"
        case .integer(let number): "\(number)"
        case .decimal(let number): "\(number)"
        // What follows a zero byte would be lost silently.
        case .text(let text): text.utf8.contains(0) ? nil : text
        case .list, .record: nil
        }
    }

    static func variableName(_ field: String) -> String {
        var name = ""
        var wasSmall = false
        for scalar in field.unicodeScalars {
            let isLetter = ("a"..."z").contains(scalar) || ("A"..."Z").contains(scalar)
            let isDigit = ("0"..."9").contains(scalar)
            if ("A"..."Z").contains(scalar), wasSmall { name += "_" }
            name += isLetter || isDigit ? String(scalar).uppercased() : "_"
            wasSmall = ("a"..."z").contains(scalar) || isDigit
        }
        return name
    }
}
