// Codes about scripts and hooks.
extension ErrorCode {
    /// The script ran and failed.
    public static let scriptFailed = ErrorCode(rawValue: -1030)
    /// The script cannot be read, is wrong, or could not be started.
    public static let scriptNotStarted = ErrorCode(rawValue: -1031)
    /// The host runs no other scripts.
    public static let scriptsClosed = ErrorCode(rawValue: -1032)
    public static let noSuchHook = ErrorCode(rawValue: -1033)
    /// A hook said no.
    public static let vetoed = ErrorCode(rawValue: -1034)
}
