internal import CLinuxFuse
internal import CPosix
internal import CaptureFS
internal import Glibc
internal import Journal

// One mount of one protected folder. Started by the daemon, outlives it, is told what to do over a
// socket of its own.

/// At once, past any buffer: the daemon waits for the line.
func say(_ line: String) {
    let bytes = Array((line + "\n").utf8)
    _ = cposix_write(1, bytes, bytes.count)
}

let arguments: Arguments
switch Arguments.parse(Array(CommandLine.arguments.dropFirst())) {
case .success(let parsed):
    arguments = parsed
case .help:
    say(Arguments.help)
    exit(0)
case .failure(let problem):
    say("error: \(problem)")
    exit(2)
}

// A session of its own: what ends the daemon's terminal or process group does not end us.
_ = setsid()
let stop = understudy_stopSignals()
if let log = arguments.logPath {
    let file = cposix_open(log, O_WRONLY | O_CREAT | O_APPEND, 0o640)
    if file >= 0 { _ = dup2(file, 2) }
}

do throws(CaptureError) {
    var settings = Keeper.Settings(
        path: arguments.mountPath, number: arguments.number, socketPath: arguments.socketPath)
    settings.marksFolder = arguments.marksFolder
    settings.deathsMax = arguments.deathsMax
    settings.hasTripwire = arguments.hasTripwire
    if let resumed = arguments.resumedDescriptor {
        guard let keeper = Keeper(settings, resuming: resumed) else { exit(1) }
        exit(keeper.run(stop: stop))
    }
    var descriptor = arguments.journalDescriptor
    if descriptor < 0 {
        // Without a daemon: a journal that nobody reads.
        guard let memory = try? JournalMemory.make(bytes: 1 << 20) else {
            throw .journal("no memory")
        }
        descriptor = cposix_dup(memory.descriptor)
    }
    let keeper = try Keeper(settings, journal: descriptor)
    say("ready")
    exit(keeper.run(stop: stop))
} catch {
    say("error: \(error.text)")
    exit(1)
}
