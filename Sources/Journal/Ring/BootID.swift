internal import FileSystemAccess

/// Tells this run of the machine from any other. What lies in memory only is worth something while
/// the boot is the same.
package struct BootID: BitwiseCopyable, Hashable, Sendable {
    package var high: UInt64
    package var low: UInt64

    package init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// No boot at all.
    package static let none = BootID(high: 0, low: 0)

    /// The kernel's number of this boot; `none` where it cannot be read.
    package static let current: BootID = {
        guard let text = WholeFile.read("/proc/sys/kernel/random/boot_id") else { return .none }
        let digits = text.compactMap { Character(Unicode.Scalar($0)).hexDigitValue }
        guard digits.count == 32 else { return .none }
        func number(_ part: ArraySlice<Int>) -> UInt64 {
            part.reduce(0) { $0 << 4 | UInt64($1) }
        }
        return BootID(high: number(digits[..<16]), low: number(digits[16...]))
    }()
}
