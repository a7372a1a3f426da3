import CPosix
import Glibc

/// A process group by its number.
enum ProcessGroup {
    /// Whether anybody in it still runs. The dead whose end nobody has taken yet do not count: that
    /// is up to whoever is their parent now.
    static func isAlive(_ group: pid_t) -> Bool {
        if cposix_signalGroup(group, 0) == -ESRCH { return false }
        guard let names = ScriptFiles.names(in: "/proc") else { return true }
        return names.contains { name in
            guard Int32(name) != nil, let status = status(name) else { return false }
            return status.group == group && status.state != "Z" && status.state != "X"
        }
    }

    /// From `123 (name) S 1 123 …`; the name may hold anything.
    private static func status(_ process: String) -> (state: Substring, group: pid_t)? {
        guard let bytes = try? ScriptFiles.read("/proc/\(process)/stat") else { return nil }
        let text = String(decoding: bytes, as: UTF8.self)
        guard let end = text.lastIndex(of: ")") else { return nil }
        let words = text[end...].split(separator: " ")
        guard words.count > 3, let group = pid_t(words[3]) else { return nil }
        return (words[1], group)
    }
}
