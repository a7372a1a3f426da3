internal import CLinuxFuse
internal import CPosix
internal import Glibc

/// How a reader waits for the next request. While requests follow each other closely it looks for
/// the next one for up to 50 µs before it sleeps: a wake-up across processors costs as much.
/// Where that was in vain (a slow client, a crowded machine) it sleeps at once, until requests have
/// come closely again for some time: a thread that has used its share by looking is the last to run
/// when a request does come.
struct Spin {
    /// Requests that came soon, one after the other, since one that did not.
    private var quickCount = 0

    private static let nanoseconds: Int64 = 50_000
    /// A sleeper's wake-up is part of its wait.
    private static let quickNanosecondsMax: Int64 = 100_000
    private static let quickCountMin = 16

    /// `look` answers 0 when there is no request; so does this, and then it is time for `slept`.
    mutating func run(_ look: () -> Int) -> Int {
        guard quickCount >= Self.quickCountMin else { return 0 }
        let end = cposix_monotonic() + Self.nanoseconds
        repeat {
            let found = look()
            if found != 0 { return found }
            understudy_pause()
        } while cposix_monotonic() < end
        quickCount = 0
        return 0
    }

    /// Sleeps until `wait` has a request, and learns from how long that took.
    mutating func slept(_ wait: () -> Int) -> Int {
        let start = cposix_monotonic()
        let found = wait()
        let isQuick = cposix_monotonic() - start < Self.quickNanosecondsMax
        quickCount = isQuick ? quickCount + 1 : 0
        return found
    }
}
