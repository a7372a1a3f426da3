internal import CommandModel
internal import FileSystemAccess
internal import Glibc
internal import Journal
internal import Logging
internal import MirrorCore
internal import SessionCore
internal import StateStore

/// VERIFY.
extension Runtime {
    func verify(
        _ arguments: Arguments, _ progress: @escaping @Sendable (CommandProgress) -> Void
    ) async throws(CommandError) -> CommandResult {
        var lines: [String] = []
        var total = 0
        for id in try chosen(arguments) {
            guard let connection = connections[id] else { continue }
            try connection.requireFolders()
            guard connection.snapshot.isLinked else {
                throw CommandError(
                    .targetUnreachable,
                    "'\(connection.plan.peer.name)' is not reached now: "
                        + connection.snapshot.lastLinkProblem)
            }
            // One that is owed may have to wait for long, such as for a folder to be there again.
            guard !connection.snapshot.isMirroring, !connection.snapshot.isMirrorOwed else {
                throw CommandError(
                    .mirrorActive, "connection \(id) is mirroring; use WAITONMIRROR \(id) first")
            }
            let journal = try running().journal
            let verification = try Verification(
                connection, journalNewest: { journal.newest },
                flush: { () async throws(CommandError) in _ = try await self.flushed(connection) },
                tell: { progress(Self.progress($0)) })
            let (findings, done) = try await verification.run()
            total += findings.count
            lines.append(
                "connection \(id): compared \(done.objectsDone) objects, "
                    + "\(StatusText.bytes(Int64(done.bytesDone))), \(findings.count) differing")
            lines += findings.prefix(Self.shownMax).map { "\($0.path): \($0.reason)" }
            if findings.count > Self.shownMax {
                lines.append("… and \(findings.count - Self.shownMax) more, see the log")
            }
            writeLog(connection, findings, done)
        }
        return CommandResult(value: .integer(Int64(total)), lines: lines)
    }

    private static let shownMax = 50

    private static func progress(_ done: MirrorProgress) -> CommandProgress {
        let percent = done.percent.map { " \(Int($0))%" } ?? ""
        let left = done.secondsLeft(now: Clock.monotonic).map { ", \(Int($0.rounded(.up))) s left" }
        return CommandProgress(
            line: "Verifying\(percent): \(done.objectsDone) of \(done.objectsTotal) objects, "
                + "\(StatusText.bytes(Int64(done.bytesDone)))\(left ?? "")",
            data: [
                "objectsDone": .integer(Int64(done.objectsDone)),
                "objectsTotal": .integer(Int64(done.objectsTotal)),
                "bytesDone": .integer(Int64(done.bytesDone)),
                "bytesTotal": .integer(Int64(done.bytesTotal)),
            ])
    }

    /// `<set> DTVerify.log` beside the other logs, one block for each verification.
    private func writeLog(
        _ connection: SourceConnection, _ findings: [Verification.Finding], _ done: MirrorProgress
    ) {
        let path = configuration.stateDirectory + "/log/\(connection.plan.setName) DTVerify.log"
        var text =
            "\(Clock.text(Clock.now)) connection \(connection.plan.id) to "
            + "\(connection.plan.peer.name): \(done.objectsDone) objects, \(done.bytesDone) bytes, "
            + "\(findings.count) differing\n"
        for finding in findings { text += "  \(finding.path): \(finding.reason)\n" }
        do throws(Errno) {
            let file = try SystemCall.open(path, O_WRONLY | O_CREAT | O_APPEND, mode: 0o600)
            defer { SystemCall.close(file) }
            let bytes = Array(text.utf8)
            let result = bytes.withUnsafeBytes { bytes in
                Result { () throws(Errno) in try SystemCall.writeAll(file, bytes) }
            }
            try result.get()
        } catch {
            logger.warning("'\(path)' cannot be written: \(error)")
        }
    }
}
