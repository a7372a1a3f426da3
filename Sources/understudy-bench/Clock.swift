import Glibc

/// The monotonic clock: the same for every process of a machine.
enum Clock {
    /// Nanoseconds since some moment before the start of this machine.
    static var nanoseconds: UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }

    /// Sleeps until the clock shows `deadline`, in nanoseconds.
    static func sleep(until deadline: UInt64) {
        var time = timespec(
            tv_sec: Int(deadline / 1_000_000_000), tv_nsec: Int(deadline % 1_000_000_000))
        while clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &time, nil) == EINTR {}
    }
}

/// How long a number of like operations took.
struct Timing {
    let operations: Int
    let nanoseconds: UInt64

    /// Operations a second.
    var rate: Double {
        nanoseconds == 0 ? 0 : Double(operations) * 1e9 / Double(nanoseconds)
    }

    /// `name rate operations`, the line that Scripts/bench reads.
    func line(_ name: String) -> String {
        "\(name) \(rounded(rate)) \(operations)"
    }

    private func rounded(_ value: Double) -> String {
        let tenths = Int((value * 10).rounded())
        return "\(tenths / 10).\(tenths % 10)"
    }
}
