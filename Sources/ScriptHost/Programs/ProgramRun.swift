import CPosix
import Glibc

/// One run of an executable: a process group of its own, without input and without descriptors of
/// ours, its output read line by line. Blocks; belongs to one thread.
struct ProgramRun: Sendable {
    /// How the first process of the group ended.
    enum End: Sendable, Hashable {
        case exited(status: Int)
        case killed(signal: Int)
        case timedOut
        case interrupted
        case notStarted(reason: String)
    }

    struct Outcome: Sendable, Hashable {
        var end: End
        /// Whether it left processes behind that had to be ended.
        var leftProcesses = false
    }

    /// From the request to end until the whole group is killed, in seconds.
    static let graceSeconds = 5.0
    /// The same when the run is interrupted: before a command that waits for it is left behind.
    static let interruptionGraceSeconds = 0.3
    /// How long a killed process may take to be gone before nobody waits for it any more.
    static let deathSeconds = 2.0
    /// How often it is looked whether anybody is left in a group.
    static let lookMilliseconds: CInt = 10

    /// From the root.
    var path: String
    var arguments: [String]
    /// Added to this process's own; a name that is there is replaced.
    var environment: [(name: String, value: String)]
    var folder: String?
    var timeoutSeconds: Double?
    /// Whether processes that are left when the first one ends are ended, too.
    var endsGroup = true

    /// Runs to the end.
    /// - Parameters:
    ///   - wake: readable once the run is to be interrupted.
    ///   - tell: gets every line.
    func run(wake: CInt, _ tell: @escaping (_ line: String, _ isError: Bool) -> Void) -> Outcome {
        var output: [CInt] = [-1, -1]
        var error: [CInt] = [-1, -1]
        guard cposix_pipe(&output) >= 0, cposix_pipe(&error) >= 0 else {
            for end in output where end >= 0 { _ = cposix_close(end) }
            return Outcome(end: .notStarted(reason: "there are no free descriptors"))
        }
        var process: pid_t = 0
        let result = spawn(output[1], error[1], &process)
        _ = cposix_close(output[1])
        _ = cposix_close(error[1])
        guard result >= 0 else {
            _ = cposix_close(output[0])
            _ = cposix_close(error[0])
            return Outcome(end: .notStarted(reason: ProgramRun.words(-result)))
        }
        var watch = GroupWatch(
            self, process: process, wake: wake,
            streams: [OutputStream(output[0]), OutputStream(error[0])])
        return watch.run(tell)
    }

    private func spawn(_ output: CInt, _ error: CInt, _ process: inout pid_t) -> CInt {
        let words = CStrings([path] + arguments)
        let variables = CStrings(mergedEnvironment())
        return withExtendedLifetime((words, variables)) {
            // A program that was just written counts as being written as long as a process that is
            // being started elsewhere has not let go of its writer's descriptors.
            for _ in 0..<Self.busyTriesMax {
                let result = cposix_spawnGroup(
                    path, words.pointers, variables.pointers, folder, output, error, &process)
                guard result == -Self.textBusy else { return result }
                cposix_rest(Self.busyRestNanoseconds)
            }
            return -Self.textBusy
        }
    }

    /// ETXTBSY.
    private static let textBusy: CInt = 26
    private static let busyTriesMax = 200
    private static let busyRestNanoseconds: Int64 = 5_000_000

    private func mergedEnvironment() -> [String] {
        let added = Set(environment.map(\.name))
        var merged: [String] = []
        var next = cposix_environment()
        while let place = next, let variable = place.pointee {
            let text = String(cString: variable)
            if !added.contains(String(text.prefix { $0 != "=" })) { merged.append(text) }
            next = place + 1
        }
        return merged + environment.map { "\($0.name)=\($0.value)" }
    }

    private static func words(_ number: CInt) -> String {
        switch number {
        case ENOENT: "it, its interpreter or its working directory does not exist"
        case EACCES: "it must not be executed"
        case ENOEXEC: "it is no program and does not begin with '#!'"
        case E2BIG: "its arguments and environment are too long"
        default: String(cString: strerror(number))
        }
    }
}

/// Texts as C wants them, with a null pointer at the end.
private final class CStrings {
    private(set) var pointers: [UnsafeMutablePointer<CChar>?]

    init(_ texts: [String]) {
        pointers = texts.map { strdup($0) }
        pointers.append(nil)
    }

    deinit { for pointer in pointers { free(pointer) } }
}

/// The reading end of a pipe that a program writes to.
private struct OutputStream {
    /// -1 once all was read.
    private(set) var descriptor: CInt
    private var splitter = LineSplitter()

    init(_ descriptor: CInt) {
        self.descriptor = descriptor
        _ = fcntl(descriptor, F_SETFL, O_NONBLOCK)
    }

    /// Reads what is there, a pipe's fill at most.
    mutating func read(_ tell: (String) -> Void) {
        guard descriptor >= 0 else { return }
        var bytes = [UInt8](repeating: 0, count: 64 << 10)
        let count = bytes.withUnsafeMutableBytes { bytes in
            let count = cposix_read(descriptor, bytes.baseAddress, bytes.count)
            if count > 0 { splitter.add(UnsafeRawBufferPointer(rebasing: bytes[..<count]), tell) }
            return count
        }
        if count == 0 || (count < 0 && count != -Int(EAGAIN) && count != -Int(EINTR)) {
            close(tell)
        }
    }

    mutating func close(_ tell: (String) -> Void) {
        guard descriptor >= 0 else { return }
        splitter.finish(tell)
        _ = cposix_close(descriptor)
        descriptor = -1
    }
}

/// Follows a process group to its end.
private struct GroupWatch {
    private let run: ProgramRun
    private let process: pid_t
    private let wake: CInt
    private var streams: [OutputStream]
    private var descriptor: CInt
    /// nanoseconds on the clock that only goes forward.
    private var timeoutAt: Int64 = .max
    private var killAt: Int64 = .max
    private var giveUpAt: Int64 = .max
    private var end: ProgramRun.End?
    private var hasLeaderEnded = false
    private var leftProcesses = false

    init(_ run: ProgramRun, process: pid_t, wake: CInt, streams: [OutputStream]) {
        self.run = run
        self.process = process
        self.wake = wake
        self.streams = streams
        descriptor = cposix_processDescriptor(process)
        if let seconds = run.timeoutSeconds { timeoutAt = GroupWatch.moment(after: seconds) }
    }

    private static func moment(after seconds: Double) -> Int64 {
        let nanoseconds = min(max(seconds, 0) * 1e9, 9e18)
        return cposix_monotonic().addingReportingOverflow(Int64(nanoseconds)).partialValue
    }

    mutating func run(
        _ tell: @escaping (_ line: String, _ isError: Bool) -> Void
    ) -> ProgramRun.Outcome {
        while !isOver {
            let listensForWake = end == nil
            let ready = cposix_waitReadable(
                [
                    streams[0].descriptor, streams[1].descriptor, descriptor,
                    listensForWake ? wake : -1,
                ], 4, waitMilliseconds)
            for index in 0...1 where ready & (1 << index) != 0 {
                streams[index].read { tell($0, index == 1) }
            }
            if ready & 4 != 0 || (descriptor < 0 && cposix_hasEnded(process) != 0) {
                leaderHasEnded()
            }
            if ready & 8 != 0 { finish(.interrupted, ProgramRun.interruptionGraceSeconds) }
            if cposix_monotonic() >= timeoutAt, end == nil {
                finish(.timedOut, ProgramRun.graceSeconds)
            }
            if cposix_monotonic() >= killAt {
                _ = cposix_signalGroup(process, SIGKILL)
                killAt = .max
                giveUpAt = GroupWatch.moment(after: ProgramRun.deathSeconds)
            }
        }
        for index in 0...1 {
            // A process that left the group may hold the pipe open for as long as it likes.
            streams[index].read { tell($0, index == 1) }
            streams[index].close { tell($0, index == 1) }
        }
        if !hasLeaderEnded { leaveToOthers() }
        return ProgramRun.Outcome(end: end ?? .interrupted, leftProcesses: leftProcesses)
    }

    /// A killed process that the kernel holds fast, on a dead network mount for example.
    private func leaveToOthers() {
        if descriptor >= 0 { _ = cposix_close(descriptor) }
        let process = process
        _ = HostThread.start("reap-program") {
            var signal: CInt = 0
            _ = cposix_takeEnd(process, &signal)
        }
    }

    private var waitMilliseconds: CInt {
        // Nothing tells when the last one of a group is gone.
        if hasLeaderEnded { return ProgramRun.lookMilliseconds }
        let next = min(end == nil ? timeoutAt : .max, killAt, giveUpAt)
        if next == .max { return descriptor < 0 ? ProgramRun.lookMilliseconds : -1 }
        if descriptor < 0 { return ProgramRun.lookMilliseconds }
        let left = max(0, next - cposix_monotonic())
        return CInt(clamping: left / 1_000_000 + 1)
    }

    /// Nobody of the group is left, or nobody has to be.
    private var isOver: Bool {
        if cposix_monotonic() >= giveUpAt { return true }
        guard hasLeaderEnded else { return false }
        return !run.endsGroup && killAt == .max || !ProcessGroup.isAlive(process)
    }

    private mutating func finish(_ cause: ProgramRun.End, _ graceSeconds: Double) {
        guard end == nil else { return }
        end = cause
        endGroup(graceSeconds)
    }

    private mutating func endGroup(_ graceSeconds: Double) {
        _ = cposix_signalGroup(process, SIGTERM)
        // Who was stopped cannot follow.
        _ = cposix_signalGroup(process, SIGCONT)
        killAt = GroupWatch.moment(after: graceSeconds)
    }

    /// A number is used again only after all others, so that the group's is still its own.
    private mutating func leaderHasEnded() {
        guard !hasLeaderEnded else { return }
        hasLeaderEnded = true
        var signal: CInt = 0
        let status = cposix_takeEnd(process, &signal)
        if end == nil {
            end = signal != 0 ? .killed(signal: Int(signal)) : .exited(status: Int(status))
            if run.endsGroup, ProcessGroup.isAlive(process) {
                leftProcesses = true
                endGroup(ProgramRun.graceSeconds)
            }
        }
        _ = cposix_close(descriptor)
        descriptor = -1
    }
}
