import CommandModel
import ToolKit

/// How fast a command's bytes grow, over the last seconds of its progress.
struct ProgressRate {
    private var samples: [(seconds: Double, bytes: Int64)] = []

    /// Longer ago does not count.
    private static let windowSeconds = 5.0

    /// Such as `41.2 MB/s`; nil while nothing can be said.
    mutating func text(_ progress: CommandProgress, now: Double) -> String? {
        let fields = ["bytesDone", "mirrorBytesTransmitted"]
        guard let bytes = fields.compactMap({ progress.data[$0]?.integer }).first else {
            return nil
        }
        if let last = samples.last, bytes < last.bytes { samples = [] }
        samples.append((now, bytes))
        samples.removeAll { now - $0.seconds > ProgressRate.windowSeconds }
        guard let first = samples.first, now - first.seconds > 0.2, bytes > first.bytes else {
            return nil
        }
        return Self.shown(Double(bytes - first.bytes) / (now - first.seconds)) + "/s"
    }

    private static func shown(_ bytes: Double) -> String {
        var value = bytes
        var units = ["B", "KB", "MB", "GB", "TB"][...]
        while value >= 1024, units.count > 1 {
            value /= 1024
            units = units.dropFirst()
        }
        let tenths = Int((value * 10).rounded())
        let number = units.first == "B" ? "\(tenths / 10)" : "\(tenths / 10).\(tenths % 10)"
        return "\(number) \(units.first ?? "B")"
    }
}
