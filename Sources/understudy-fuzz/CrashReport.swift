import Glibc

/// Says which seeds were being tried when the program crashes.
enum CrashReport {
    private static let jobsMax = 64
    /// Written by one thread each, read by a signal handler, which may do next to nothing.
    nonisolated(unsafe) private static let seeds = {
        let seeds = UnsafeMutablePointer<UInt64>.allocate(capacity: jobsMax)
        seeds.initialize(repeating: .max, count: jobsMax)
        return seeds
    }()

    static func note(_ seed: UInt64, job: Int) {
        if job < jobsMax { seeds[job] = seed }
    }

    static func install() {
        note(.max, job: 0)
        for number in [SIGILL, SIGTRAP, SIGSEGV, SIGABRT, SIGBUS, SIGFPE] {
            signal(number) { number in
                CrashReport.tell()
                signal(number, SIG_DFL)
                raise(number)
            }
        }
    }

    private static func tell() {
        for job in 0..<jobsMax where seeds[job] != .max {
            write("understudy-fuzz: crashed, perhaps with seed ")
            writeNumber(seeds[job])
            write("\n")
        }
    }

    private static func write(_ text: StaticString) {
        _ = Glibc.write(2, text.utf8Start, text.utf8CodeUnitCount)
    }

    private static func writeNumber(_ number: UInt64) {
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 20) { digits in
            var rest = number
            var place = 20
            repeat {
                place -= 1
                digits[place] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10)
                rest /= 10
            } while rest > 0
            if let base = digits.baseAddress { _ = Glibc.write(2, base + place, 20 - place) }
        }
    }
}
