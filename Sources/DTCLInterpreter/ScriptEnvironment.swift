/// What a script may ask about the world. The interpreter itself does no input or output.
public struct ScriptEnvironment: Sendable {
    /// `$1 ...`, `argument(n)`, `arguments()`.
    public var arguments: [String]
    /// Seconds since 1970, UTC.
    public var now: @Sendable () -> Double
    /// How far local time is ahead of UTC at a moment, in seconds.
    public var utcOffsetSeconds: @Sendable (_ secondsSince1970: Int64) -> Int
    /// An environment variable.
    public var variable: @Sendable (_ name: String) -> String?
    public var fileExists: @Sendable (_ path: String) -> Bool
    public var hostname: @Sendable () -> String

    /// An empty world in which it is 1970, for the host to fill in.
    public init() {
        arguments = []
        now = { 0 }
        utcOffsetSeconds = { _ in 0 }
        variable = { _ in nil }
        fileExists = { _ in false }
        hostname = { "localhost" }
    }
}
