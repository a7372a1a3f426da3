internal import FileSystemAccess
internal import CaptureControl
internal import CommandModel
internal import CPosix
internal import Glibc
internal import Journal
internal import Logging
internal import StateStore

/// The captures of a server: starts them, finds them again, tells them the rules. Owned by the
/// runtime; what blocks runs on a `WorkerThread`.
actor Captures {
    private(set) var processes: [String: CaptureProcess] = [:]
    private var tellLoss: @Sendable (String) -> Void = { _ in }
    private var tellTakeover: @Sendable (String) -> Void = { _ in }
    /// By path: captures that are being looked after, because the talk with them broke off.
    private var looks: [String: Task<Void, Never>] = [:]
    private let configuration: RuntimeConfiguration
    private let logger: Logger
    /// umount2: out of sight now, ended when nobody uses it.
    private static let lazily: CInt = 2
    private var rulesGeneration: UInt64 = UInt64(Clock.now)

    init(configuration: RuntimeConfiguration, logger: Logger) {
        self.configuration = configuration
        self.logger = logger
    }

    private func socketPath(_ number: Int) -> String {
        "\(configuration.stateDirectory)/capture-\(number).sock"
    }

    private func logPath(_ number: Int) -> String {
        "\(configuration.stateDirectory)/log/capture-\(number).log"
    }

    /// Finds captures that outlived the daemon. Answers the journal that they write to, if any
    /// lives, and the mounts that have to be started anew.
    func adopt(_ mounts: [Mount]) async -> (journal: JournalMemory?, missing: [Mount]) {
        var journal: JournalMemory?
        var missing: [Mount] = []
        for mount in mounts {
            let socket = socketPath(mount.number)
            let found = await WorkerThread.run("adopt-capture") {
                CaptureProcess.adopt(number: mount.number, path: mount.path, socketPath: socket)
            }
            guard let (process, descriptor) = found else {
                missing.append(mount)
                continue
            }
            let itsJournal = try? JournalMemory(descriptor: descriptor)
            if let itsJournal, journal == nil || journal?.journalID == itsJournal.journalID {
                if journal == nil { journal = itsJournal }
                keep(process)
                logger.info("the capture of '\(mount.path)' goes on, process \(process.processID)")
            } else {
                logger.warning(
                    "the capture of '\(mount.path)' writes to another journal; it is replaced")
                try? await WorkerThread.run("end-capture") { () throws(CommandError) in
                    try process.unmount()
                }
                missing.append(mount)
            }
        }
        return (journal, missing)
    }

    /// Takes away what a capture that was killed left: a mount that answers nothing any more.
    func clearDeadMount(_ path: String) async {
        let logger = logger
        await WorkerThread.run("clear-mount") {
            let mounts = MountTable(WholeFile.read(WholeFile.mounts) ?? [])
            guard mounts.isCaptured(path.utf8) else { return }
            let result = cposix_umount2(path, Self.lazily)
            logger.warning(
                "cleared the dead mount at '\(path)'\(result < 0 ? ", which failed" : "")")
        }
    }

    func start(_ mount: Mount, journal: JournalMemory) async throws(CommandError) {
        let program = configuration.capturePath
        let socket = socketPath(mount.number)
        let log = logPath(mount.number)
        let marks = QueueFolders.marksPath(configuration.stateDirectory)
        let hasTripwire = configuration.hasTripwire
        let process = try await WorkerThread.run("start-capture") { () throws(CommandError) in
            try CaptureProcess.start(
                program: program, number: mount.number, path: mount.path, socketPath: socket,
                logPath: log, marks: marks, hasTripwire: hasTripwire,
                journal: journal.descriptor)
        }
        keep(process)
    }

    /// Whom to tell when a capture ends by itself.
    func onLoss(_ tell: @escaping @Sendable (String) -> Void) { tellLoss = tell }

    /// Whom to tell when a capture's server was replaced.
    func onTakeover(_ tell: @escaping @Sendable (String) -> Void) { tellTakeover = tell }

    private func keep(_ process: CaptureProcess) {
        processes[process.path] = process
        process.whenItEnds { [weak self] in
            Task { await self?.ended(process) }
        }
    }

    /// The talk with a capture broke off. Its server may have been killed: then its keeper has put
    /// another one in its place, and nothing is lost. Otherwise the capture is gone.
    /// Whoever notices it while somebody looks already waits for what he finds.
    private func ended(_ process: CaptureProcess) async {
        guard processes[process.path] === process else { return }
        if let look = looks[process.path] { return await look.value }
        let look = Task { await lookAfter(process) }
        looks[process.path] = look
        await look.value
        looks[process.path] = nil
    }

    private func lookAfter(_ process: CaptureProcess) async {
        let socket = socketPath(process.number)
        let again = await WorkerThread.run("adopt-capture") { () -> CaptureProcess? in
            guard
                let (found, journal) = CaptureProcess.adopt(
                    number: process.number, path: process.path, socketPath: socket)
            else { return nil }
            _ = cposix_close(journal)
            return found
        }
        guard processes[process.path] === process else { return }
        guard let again else {
            processes[process.path] = nil
            return tellLoss(process.path)
        }
        logger.warning(
            "the server of the capture of '\(process.path)' ended and was replaced by its keeper")
        keep(again)
        tellTakeover(process.path)
    }

    /// Ends a mount for good.
    func unmount(_ path: String) async throws(CommandError) {
        if let process = processes.removeValue(forKey: path) {
            do throws(CommandError) {
                try await WorkerThread.run("end-capture") { () throws(CommandError) in
                    try process.unmount()
                }
            } catch {
                processes[path] = process
                throw error
            }
        } else {
            await clearDeadMount(path)
        }
    }

    /// Tells every capture which sets contain what. When this returns, changes carry the new bits.
    func setRules(_ rules: [SelectionRule]) async throws(CommandError) {
        rulesGeneration += 1
        let generation = rulesGeneration
        for process in processes.values {
            try await talk(to: process) { process throws(CommandError) in
                try process.setRules(rules, generation: generation)
            }
        }
    }

    /// A request that can be made twice. One that got no answer is made again of the server that
    /// took over meanwhile, if there is one.
    func talk<Answer: Sendable>(
        to process: CaptureProcess,
        _ body: @escaping @Sendable (CaptureProcess) throws(CommandError) -> Answer
    ) async throws(CommandError) -> Answer {
        do throws(CommandError) {
            return try await WorkerThread.run("capture-talk") { () throws(CommandError) in
                try body(process)
            }
        } catch {
            guard error.code == ErrorCode.serverNotResponding.rawValue else { throw error }
            await ended(process)
            guard let again = processes[process.path], again !== process else { throw error }
            return try await WorkerThread.run("capture-talk") { () throws(CommandError) in
                try body(again)
            }
        }
    }

    /// The capture whose mount holds a path.
    func covering(_ path: String) -> CaptureProcess? {
        processes.values.first { $0.path == path || Paths.lies(path, below: $0.path) }
    }
}
