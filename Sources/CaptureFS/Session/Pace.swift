internal import CLinuxFuse
internal import CPosix
internal import Glibc

/// How a reader waits for the next request: by looking for it again and again for up to 50 µs
/// before it sleeps, or by sleeping at once. Which is faster depends on the machine. Where the
/// other processor sleeps, waking across processors costs as much as most requests and looking wins
/// by far; where others compete for the processors, a thread that has used its share by looking is
/// the last to run when a request comes. So both are tried now and then, and when requests take
/// longer than they did, and the faster one is kept.
struct Pace {
    private var looks = true
    private var isTrial = false
    /// Parts of the cycle for which it stays so.
    private var keptLeft = 0
    /// Requests until the next part of the cycle.
    private var left = Self.measuredCount
    private var measuredNanoseconds: Int64 = 0
    private var measuredRequests: Int64 = 0
    /// Nanoseconds a request took before the trial, or with what is kept.
    private var usual: Int64 = 0
    private var last: Int64 = 0
    /// Requests that came soon, one after the other, since one that did not.
    private var quickCount = 0

    private static let lookNanoseconds: Int64 = 50_000
    /// A wait that is longer says nothing about how fast requests are served.
    private static let idleNanoseconds: Int64 = 300_000
    /// Requests that a trial and the time before it are judged by.
    private static let measuredCount = 256
    /// As many of them lie between two trials, or fewer when requests take longer.
    private static let keptParts = 32
    private static let keptPartsMin = 4
    private static let quickCountMin = 16

    /// Looks for a request, if that is the way to wait at the moment; 0 if there was none.
    mutating func look(_ look: () -> Int) -> Int {
        guard looks, quickCount >= Self.quickCountMin else { return 0 }
        let end = cposix_monotonic() + Self.lookNanoseconds
        repeat {
            let found = look()
            if found != 0 { return found }
            understudy_pause()
        } while cposix_monotonic() < end
        quickCount = 0
        return 0
    }

    /// To be called for every request that was waited for.
    mutating func arrived() {
        let now = cposix_monotonic()
        let gap = now - last
        last = now
        guard gap < Self.idleNanoseconds else {
            quickCount = 0
            return
        }
        quickCount = gap < 2 * Self.lookNanoseconds ? quickCount + 1 : 0
        left -= 1
        measuredNanoseconds += gap
        measuredRequests += 1
        if left == 0 { turn() }
    }

    /// The cycle: kept, measured, trial of the other way.
    private mutating func turn() {
        let cost = measuredRequests > 0 ? measuredNanoseconds / measuredRequests : 0
        measuredNanoseconds = 0
        measuredRequests = 0
        left = Self.measuredCount
        if isTrial {
            // The usual way stays unless the other one is clearly better.
            if cost >= usual - usual / 16 { looks.toggle() } else { usual = cost }
            isTrial = false
            keptLeft = Self.keptParts
        } else if keptLeft > Self.keptParts - Self.keptPartsMin
            || keptLeft > 0 && cost <= usual + usual / 3
        {
            keptLeft -= 1
        } else {
            usual = cost
            isTrial = true
            looks.toggle()
        }
    }
}
