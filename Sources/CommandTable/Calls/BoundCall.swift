public import CommandModel

/// A call whose arguments fit a command: what it is and what to send.
public struct BoundCall: Sendable {
    public var declaration: CommandDeclaration
    public var request: CommandRequest
    /// Whether the call says `plan=true`: tell what would be done, do nothing.
    public var isPlan: Bool
}

extension CommandTable {
    /// Fits a call such as `dt.connect("docs", "beta", {map="exact"})` to the command of its path.
    ///
    /// Positional arguments fill the pattern's values in its order. Named ones go by the argument's
    /// name, the keyword before it (`to="beta"` where the pattern says TO target) or the word of an
    /// option (`orphans=true`); a record fills a list of pairs (`map={["/srv"]="/copy"}`).
    /// - Parameters:
    ///   - path: of a function, in small letters, such as `["repset", "create"]`.
    ///   - named: fields that hold none count as not given.
    /// - Throws: `invalidCommand` for an unknown path, `invalidParameter` with what was got and
    ///   expected for arguments that do not fit.
    public func bindCall(
        _ path: [String], positional: [CommandValue] = [], named: CommandRecord = [:],
        origin: String = ""
    ) throws(CommandError) -> BoundCall {
        guard let function = function(at: path) else { throw unknownFunction(path) }
        var best: CallFailure?
        for declaration in function.declarations {
            var matcher = CallMatcher(declaration, positional: positional, named: named)
            switch matcher.match() {
            case .success(let arguments):
                return BoundCall(declaration, arguments, isPlan: matcher.isPlan, origin: origin)
            case .failure(let failure):
                if failure.given > best?.given ?? -1 { best = failure }
            }
        }
        throw CommandError(
            .invalidParameter, "'\(function.name)' \(best?.message ?? "cannot be called")")
    }

    private func unknownFunction(_ path: [String]) -> CommandError {
        let name = path.joined(separator: ".")
        let nearest = nearestFunction(to: name).map { ", did you mean '\($0)'?" } ?? ""
        return CommandError(.invalidCommand, "there is no command '\(name)'\(nearest)")
    }
}

extension BoundCall {
    fileprivate init(
        _ declaration: CommandDeclaration, _ arguments: CommandRecord, isPlan: Bool, origin: String
    ) {
        var record = arguments
        for field in declaration.defaults.fields where record[field.name] == nil {
            record[field.name] = field.value
        }
        if isPlan { record["plan"] = .boolean(true) }
        self.declaration = declaration
        self.isPlan = isPlan
        request = CommandRequest(command: declaration.id, arguments: record, origin: origin)
    }
}
