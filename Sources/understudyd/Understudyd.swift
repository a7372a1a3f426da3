import ArgumentParser
import CommandModel
import ControlServer
import Glibc
import Logging
import Runtime
import ScriptHost
import StateStore

/// The daemon: puts the parts together, runs until it is told to stop, and takes them apart again.
@main
struct Understudyd: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "understudyd",
        abstract: "Runs an Understudy server in the foreground.",
        discussion: """
            A server mirrors and replicates folders to other servers, and takes what they send. \
            Commands reach it through the socket 'control.sock' in its state folder: root and the \
            group 'dtadmin' may do everything, the group 'dtmon' may look. It stops on SIGTERM \
            and SIGINT, and opens its log files again on SIGHUP.

            EXAMPLES
              Two servers on one machine, each on its own address:
                understudyd --name alpha --address 127.0.0.2 --state /var/lib/alpha
                understudyd --name beta --address 127.0.0.3 --state /var/lib/beta

              With a configuration file, and more in the log than it says:
                understudyd --config /etc/understudyd.yaml --log-level debug

              A configuration file:
                name: alpha
                address: 192.0.2.10
                state: /var/lib/understudy
                port: 1500
                controlPort: 1506
                logLevel: info
                journalMemoryMB: 128      memory for changes that are not delivered yet
                queueFolder: /var/spool/understudy
                queueSegmentMB: 5         size of one file of the disk queue
                queueDiskMB: 20000        the disk queue's limit (default: none; 0: no disk queue)
                queueFreeMB: 50           what must stay free on that disk
                queueAlertPercent: 50
                targetStuckSeconds: 20    a target that stands still so long gets a resync later
                captureTripwire: off      on: changes that come around a captured folder's mount
                                          are noticed (renames and deletions cost about 10 % more)
            """,
        version: Runtime.version)

    @OptionGroup var options: Options

    func run() async throws {
        do {
            try await serve(try settings())
        } catch let error as SettingsError {
            Self.complain(error)
            throw ExitCode(EX_USAGE)
        } catch {
            Self.complain(error)
            throw ExitCode.failure
        }
    }

    private func settings() throws(SettingsError) -> Settings {
        guard let path = options.config else { return try Settings(options) }
        return try Settings(options, file: ConfigurationFile(path: path))
    }

    private func serve(_ settings: Settings) async throws {
        let folder = try StateFolder(settings.stateDirectory)
        // What is made in the state folder from now on is nobody else's, whoever makes it.
        umask(0o077)
        let lock = try StateLock(folder: folder)
        defer { withExtendedLifetime(lock) {} }
        let logs = LogFiles(folder: try folder.folder("log"))
        LoggingSystem.bootstrap { _ in LoggingHandler(logLevel: settings.logLevel, files: logs) }
        let logger = Logger(label: "understudyd")
        do {
            try await serve(settings, folder, logs: logs, logger: logger)
        } catch {
            // The terminal is told by whoever catches this.
            logs.write(LoggingHandler.line(.critical, "not started: " + Self.words(error)))
            throw error
        }
    }

    private func serve(
        _ settings: Settings, _ folder: StateFolder, logs: LogFiles, logger: Logger
    ) async throws {
        let signals = try Signals.stream()
        let store = try StateStore(directory: settings.stateDirectory)
        let runtime = Runtime(
            configuration: RuntimeConfiguration(
                name: settings.name, address: settings.address, port: settings.port,
                controlPort: settings.controlPort, stateDirectory: settings.stateDirectory,
                queue: settings.queue,
                capturePath: Self.programFolder + "/understudy-capture",
                hasTripwire: settings.hasTripwire),
            store: store, logger: logger)
        let hooks = try Hooks(
            settings, folder: try folder.folder("hooks"), runtime: runtime, store: store,
            logger: logger)
        await runtime.setLinks(hooks.links)
        await hooks.service.reload()
        let control = ControlServer(
            socketPath: settings.stateDirectory + "/control.sock", executor: hooks,
            permission: CommandPermissions.needed,
            serverDescription: { await runtime.serverDescription() }, logger: logger)
        try await runtime.start()
        do {
            // The socket is there when the server is ready, so people may wait for it.
            try await control.start()
        } catch {
            await runtime.stop()
            throw error
        }
        let facts: CommandRecord = [
            "server": .text(settings.name), "address": .text(settings.address),
            "version": .text(Runtime.version),
        ]
        hooks.service.post(RuntimeEvent("server.started", facts))
        for await signal in signals {
            guard signal == SIGHUP else {
                logger.info("stopping on \(signal == SIGTERM ? "SIGTERM" : "SIGINT")")
                break
            }
            logs.reopen()
            await hooks.service.reload()
        }
        _ = await hooks.service.gate(
            RuntimeEvent("server.stopping", facts), secondsMax: Self.stoppingSeconds)
        await control.stop()
        await hooks.service.stop()
        await runtime.stop()
        try store.close()
    }

    /// As long as hooks with DELAY may hold up a stop.
    private static let stoppingSeconds = 10.0

    // MARK: Helpers

    private static func complain(_ error: any Error) {
        let bytes = Array("error: \(words(error))\n".utf8)
        _ = write(STDERR_FILENO, bytes, bytes.count)
    }

    private static func words(_ error: any Error) -> String {
        (error as? CommandError)?.message ?? "\(error)"
    }

    /// Where this program lies, and with it the others.
    private static var programFolder: String {
        guard let path = realpath("/proc/self/exe", nil) else { return "" }
        defer { free(path) }
        return String(cString: path).split(separator: "/").dropLast().map { "/" + $0 }.joined()
    }
}
