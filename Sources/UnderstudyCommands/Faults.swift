import CommandModel
public import CommandTable

/// What each negative number means. Commands name those that they can answer with.
public enum Faults {
    static let unknown = CommandFault(
        .unknown, "something failed that has no code; see the message")
    static let invalidParameter = CommandFault(.invalidParameter, "an argument is wrong")
    static let invalidCommand = CommandFault(
        .invalidCommand, "there is no such command, or not in this version")
    static let noSourceModule = CommandFault(
        .noSourceModule, "the machine is no source: its source module is not loaded")
    static let noSourceNamed = CommandFault(
        .noSourceNamed, "no source machine has been named; see SOURCE")
    static let noTargetModule = CommandFault(
        .noTargetModule, "the machine is no target: its target module is not loaded")
    static let connectionExists = CommandFault(
        .connectionExists, "the set is connected to that target already")
    static let noSuchConnection = CommandFault(
        .noSuchConnection, "there is no connection with that id")
    static let mirrorActive = CommandFault(.mirrorActive, "a mirror is running")
    static let noSuchServer = CommandFault(.noSuchServer, "no server by that name is known")
    static let serverNotResponding = CommandFault(
        .serverNotResponding, "the server does not answer")
    static let invalidOption = CommandFault(
        .invalidOption, "an option is wrong here, or not in this version")
    static let mirrorNotRunning = CommandFault(.mirrorNotRunning, "no mirror is running")
    static let setExists = CommandFault(
        .replicationSetExists, "a replication set with that name is there already")
    static let noSuchSet = CommandFault(
        .noSuchReplicationSet, "there is no replication set with that name")
    static let noSetSelected = CommandFault(
        .noReplicationSetSelected, "no replication set was named; see REPSET USE")
    static let setInUse = CommandFault(.replicationSetInUse, "the replication set is connected")
    static let noTargetNamed = CommandFault(
        .noTargetNamed, "no target machine has been named; see TARGET")
    static let noSuchRule = CommandFault(.noSuchRule, "the replication set has no such rule")
    static let insufficientAccess = CommandFault(
        .insufficientAccess, "the log-in does not allow the command on that server")
    static let invalidSourcePath = CommandFault(
        .invalidSourcePath, "a path on the source cannot be used")
    static let setNotSaved = CommandFault(
        .replicationSetNotSaved, "the replication set has not been saved; see REPSET SAVE")
    static let connectionFailed = CommandFault(
        .connectionFailed, "the source and the target could not be connected")
    static let timedOut = CommandFault(.timedOut, "the time given was over")
    static let interrupted = CommandFault(.interrupted, "the command was interrupted")
    static let pathsOverlap = CommandFault(
        .pathsOverlap, "the target path is part of what is replicated, or of another connection's")
    static let cannotMount = CommandFault(
        .cannotMount, "the folder cannot be captured: busy, no folder, or mounts below it")
    static let notMounted = CommandFault(.notMounted, "the folder is not captured")
    static let notCaptured = CommandFault(
        .notCaptured, "a path of the set lies in no captured folder; see DTFS MOUNT")
    static let targetUnreachable = CommandFault(
        .targetUnreachable, "the target is not reached now")
    static let mirrorRequired = CommandFault(
        .mirrorRequired, "the target does not hold what it should; a mirror is required")
    static let invalidTargetPath = CommandFault(
        .invalidTargetPath, "the target path cannot be used")
    static let scriptFailed = CommandFault(.scriptFailed, "the script ran and failed")
    static let scriptNotStarted = CommandFault(
        .scriptNotStarted, "the script cannot be read, is wrong, or could not be started")
    static let scriptsClosed = CommandFault(.scriptsClosed, "scripts may not be run here")
    static let noSuchHook = CommandFault(.noSuchHook, "there is no such hook")
    static let vetoed = CommandFault(.vetoed, "a hook said no")

    /// All of them, from the original's numbers to ours.
    public static let all = [
        unknown, invalidParameter, invalidCommand, noSourceModule, noSourceNamed, noTargetModule,
        connectionExists, noSuchConnection, mirrorActive, noSuchServer, serverNotResponding,
        invalidOption, mirrorNotRunning, setExists, noSuchSet, noSetSelected, setInUse,
        noTargetNamed, noSuchRule, insufficientAccess, invalidSourcePath, setNotSaved,
        connectionFailed, timedOut, interrupted, pathsOverlap, cannotMount, notMounted, notCaptured,
        targetUnreachable, mirrorRequired, invalidTargetPath, scriptFailed, scriptNotStarted,
        scriptsClosed, noSuchHook, vetoed,
    ]
}
