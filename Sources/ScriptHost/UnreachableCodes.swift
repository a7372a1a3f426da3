import CommandModel

/// The codes after which a script that stops says that it reached no server.
enum UnreachableCodes {
    static let all = [
        ErrorCode.noSuchServer.rawValue, ErrorCode.serverNotResponding.rawValue,
    ]
}
