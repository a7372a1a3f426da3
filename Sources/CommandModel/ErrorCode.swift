/// The negative numbers that commands answer. Down to -152 they are the original's; below -1000
/// ours, for what it had no word for.
public struct ErrorCode: RawRepresentable, Sendable, Hashable {
    public let rawValue: Int
    public init(rawValue: Int) { self.rawValue = rawValue }
    private init(_ number: Int) { rawValue = number }

    public static let unknown = ErrorCode(-1)
    public static let invalidParameter = ErrorCode(-101)
    public static let invalidCommand = ErrorCode(-102)
    public static let noSourceModule = ErrorCode(-103)
    public static let noSourceNamed = ErrorCode(-104)
    public static let noTargetModule = ErrorCode(-105)
    public static let connectionExists = ErrorCode(-106)
    public static let noSuchConnection = ErrorCode(-107)
    public static let mirrorActive = ErrorCode(-108)
    public static let noSuchServer = ErrorCode(-109)
    public static let serverNotResponding = ErrorCode(-110)
    public static let invalidOption = ErrorCode(-116)
    public static let mirrorNotRunning = ErrorCode(-121)
    public static let replicationSetExists = ErrorCode(-122)
    public static let noSuchReplicationSet = ErrorCode(-123)
    public static let noReplicationSetSelected = ErrorCode(-124)
    public static let replicationSetInUse = ErrorCode(-130)
    public static let noTargetNamed = ErrorCode(-131)
    public static let noSuchRule = ErrorCode(-136)
    public static let insufficientAccess = ErrorCode(-138)
    public static let invalidSourcePath = ErrorCode(-140)
    public static let replicationSetNotSaved = ErrorCode(-144)
    public static let connectionFailed = ErrorCode(-145)

    /// A wait ended because its time was over.
    public static let timedOut = ErrorCode(-1001)
    /// The command was interrupted.
    public static let interrupted = ErrorCode(-1002)
    /// A mapping onto the replicated tree itself, or two connections into one target path.
    public static let pathsOverlap = ErrorCode(-1010)
    /// A path cannot be captured: busy, no directory, holds state, has mounts below it.
    public static let cannotMount = ErrorCode(-1011)
    /// The path is no DTFS mount.
    public static let notMounted = ErrorCode(-1012)
    /// A path of the set lies in no DTFS mount, so its changes cannot be seen.
    public static let notCaptured = ErrorCode(-1013)
    /// The target is not reached now.
    public static let targetUnreachable = ErrorCode(-1014)
    /// The target does not hold what it should; a mirror is required.
    public static let mirrorRequired = ErrorCode(-1015)
    /// The target path cannot be used.
    public static let invalidTargetPath = ErrorCode(-1016)
}
