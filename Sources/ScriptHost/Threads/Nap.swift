import CPosix

/// A sleep whose cancellation leaves nothing behind for long. What `Task.sleep` has begun stays in
/// the system's list of timers until its time, cancelled or not: a limit of ten minutes for each of
/// a thousand commands a second would hold half a gigabyte. So it is begun in pieces, short ones
/// first.
enum Nap {
    private static let secondsMax = [0.01, 0.1, 1.0]

    /// False when the task was cancelled before.
    nonisolated(nonsending) static func take(seconds: Double) async -> Bool {
        let began = cposix_monotonic()
        var pieces = secondsMax[...]
        var piece = 0.0
        while true {
            piece = pieces.popFirst() ?? piece
            let left = seconds - Double(cposix_monotonic() - began) / 1e9
            guard left > 0 else { return !Task.isCancelled }
            do { try await Task.sleep(for: .seconds(min(left, piece))) } catch { return false }
        }
    }
}
