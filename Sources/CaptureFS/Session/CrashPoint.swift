internal import CPosix
internal import Glibc

/// Where a server can be made to die, for tests: UNDERSTUDY_DIE_AT names the point, and every
/// server is killed when it first gets there by a request of its own. Programs that are built for
/// release do not have it.
enum CrashPoint: String {
    /// Before the effect.
    case begun
    /// After the effect, before its record.
    case effect
    /// After a record.
    case recorded
    /// When effect, records and answer are made.
    case finished
    /// After the answer was given.
    case answered

    #if DEBUG
        /// Nothing happens while a server takes over.
        nonisolated(unsafe) static var isArmed = false

        private static let chosen = getenv("UNDERSTUDY_DIE_AT").flatMap {
            CrashPoint(rawValue: String(cString: $0))
        }

        /// UNDERSTUDY_HIDE_OUTCOME: no effect's outcome can be read.
        static let hidesOutcome = getenv("UNDERSTUDY_HIDE_OUTCOME") != nil

        static func pass(_ point: CrashPoint) {
            guard isArmed, point == chosen else { return }
            kill(getpid(), SIGKILL)
            while true { pause() }
        }
    #else
        static var hidesOutcome: Bool { false }

        static var isArmed: Bool {
            get { false }
            set {}
        }

        @inline(__always)
        static func pass(_ point: CrashPoint) {}
    #endif
}
