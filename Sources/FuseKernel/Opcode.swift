internal import CLinuxFuse

/// What the kernel asks for, in its numbers.
package enum Opcode: UInt32, CaseIterable, Sendable {
    case lookup = 1
    case forget = 2
    case getAttributes = 3
    case setAttributes = 4
    case readLink = 5
    case symbolicLink = 6
    case makeNode = 8
    case makeDirectory = 9
    case unlink = 10
    case removeDirectory = 11
    case rename = 12
    case link = 13
    case open = 14
    case read = 15
    case write = 16
    case statistics = 17
    case release = 18
    case sync = 20
    case setExtended = 21
    case getExtended = 22
    case listExtended = 23
    case removeExtended = 24
    case flush = 25
    case initialize = 26
    case openDirectory = 27
    case readDirectory = 28
    case releaseDirectory = 29
    case syncDirectory = 30
    case getLock = 31
    case setLock = 32
    case setLockWait = 33
    case access = 34
    case create = 35
    case interrupt = 36
    case blockMap = 37
    case destroy = 38
    case control = 39
    case poll = 40
    case notifyReply = 41
    case batchForget = 42
    case allocate = 43
    case readDirectoryPlus = 44
    case rename2 = 45
    case seek = 46
    case copyRange = 47
    case setupMapping = 48
    case removeMapping = 49
    case syncFileSystem = 50
    case temporaryFile = 51
    case extendedStatus = 52
    case copyRange64 = 53
}
