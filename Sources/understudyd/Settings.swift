import DTCLSyntax
import Foundation
import Logging
import Runtime
import StateStore

/// Something that was given wrongly, in words for the person who gave it.
struct SettingsError: Error, Equatable, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}

/// What the daemon runs with: the command line over the configuration file over the defaults,
/// checked.
struct Settings: Sendable, Equatable {
    static let portDefault = 1500
    static let controlPortDefault = 1506
    /// MiB. Less would not hold one window of a connection beside what is being written.
    static let journalMemoryRange = 32...65_536
    static let logLevels = Logger.Level.allCases.map(\.rawValue).joined(separator: ", ")

    let name: String
    let address: String
    let port: Int
    let controlPort: Int
    /// Absolute.
    let stateDirectory: String
    let logLevel: Logger.Level
    let queue: QueueLimits
    /// Captures notice changes that come around them.
    let hasTripwire: Bool

    init(_ options: Options, file: ConfigurationFile = ConfigurationFile()) throws(SettingsError) {
        name = try Self.given(options.name ?? file.name, option: "--name", key: "name")
        do {
            try NameRules.checkServer(name)
        } catch {
            throw SettingsError("\(error)")
        }
        address = try Self.given(
            options.address ?? file.address, option: "--address", key: "address")
        try Self.checkAddress(address)
        let state = try Self.given(options.state ?? file.state, option: "--state", key: "state")
        stateDirectory = Self.absolute(state)
        port = options.port ?? file.port ?? Self.portDefault
        controlPort = options.controlPort ?? file.controlPort ?? Self.controlPortDefault
        try Self.check(port, in: 1...65_535, "port")
        try Self.check(controlPort, in: 1...65_535, "control port")
        if port == controlPort {
            throw SettingsError("the port and the control port are both \(port)")
        }
        logLevel = try Self.level(options.logLevel ?? file.logLevel ?? "info")
        queue = try Self.queue(file)
        hasTripwire = file.captureTripwire ?? false
    }

    private static func queue(_ file: ConfigurationFile) throws(SettingsError) -> QueueLimits {
        var queue = QueueLimits()
        let memory = file.journalMemoryMB ?? queue.memoryBytes >> 20
        try check(memory, in: journalMemoryRange, "journalMemoryMB")
        queue.memoryBytes = memory << 20
        if let folder = file.queueFolder {
            guard folder.hasPrefix("/") else {
                throw SettingsError("got '\(folder)' as queueFolder, expected an absolute path")
            }
            queue.folder = folder
        }
        if let segment = file.queueSegmentMB {
            try check(segment, in: 1...1024, "queueSegmentMB")
            queue.segmentBytes = segment << 20
        }
        if let disk = file.queueDiskMB {
            try check(disk, in: 0...1 << 30, "queueDiskMB")
            queue.diskBytesMax = Int64(disk) << 20
        }
        if let free = file.queueFreeMB {
            try check(free, in: 0...1 << 20, "queueFreeMB")
            queue.freeBytesFloor = Int64(free) << 20
        }
        if let percent = file.queueAlertPercent {
            try check(percent, in: 1...100, "queueAlertPercent")
            queue.alertPercent = percent
        }
        if let seconds = file.targetStuckSeconds {
            try check(seconds, in: 1...86_400, "targetStuckSeconds")
            queue.stuckSeconds = seconds
        }
        return queue
    }

    // MARK: Checks

    private static func given(
        _ value: String?, option: String, key: String
    ) throws(SettingsError) -> String {
        guard let value, !value.isEmpty else {
            throw SettingsError(
                "no \(key) is given; use \(option), or '\(key)' in the configuration file")
        }
        return value
    }

    private static func check(
        _ number: Int, in range: ClosedRange<Int>, _ what: String
    ) throws(SettingsError) {
        guard range.contains(number) else {
            throw SettingsError(
                "got \(number) as \(what), expected \(range.lowerBound) to \(range.upperBound)")
        }
    }

    /// Other servers are told the address, so one that only means "here" is of no use.
    private static func checkAddress(_ address: String) throws(SettingsError) {
        var four = in_addr()
        var six = in6_addr()
        let isFour = inet_pton(AF_INET, address, &four) == 1
        let isSix = inet_pton(AF_INET6, address, &six) == 1
        guard isFour || isSix else {
            throw SettingsError("got '\(address)' as address, expected an IPv4 or IPv6 address")
        }
        let isAny =
            isFour ? four.s_addr == 0 : withUnsafeBytes(of: six) { $0.allSatisfy { $0 == 0 } }
        if isAny {
            throw SettingsError(
                "other servers cannot reach '\(address)'; give one of this machine's addresses")
        }
    }

    private static func level(_ word: String) throws(SettingsError) -> Logger.Level {
        if let level = Logger.Level(rawValue: word.lowercased()) { return level }
        let words = Logger.Level.allCases.map(\.rawValue)
        throw SettingsError(
            "got '\(word)' as log level, expected one of \(logLevels)"
                + suggestion(for: word, among: words))
    }

    /// ` (did you mean 'x'?)` or nothing.
    static func suggestion(for word: String, among words: [String]) -> String {
        let same = words.first { $0.lowercased() == word.lowercased() }
        guard let meant = same ?? NearestName.nearest(to: word, among: words) else { return "" }
        return " (did you mean '\(meant)'?)"
    }

    private static func absolute(_ path: String) -> String {
        let whole =
            path.hasPrefix("/") ? path : FileManager.default.currentDirectoryPath + "/" + path
        return URL(fileURLWithPath: whole).standardizedFileURL.path
    }
}
