import Testing

/// The programs as people use them: two real servers, a real mount, an independent comparison. All
/// suites are in this one, so that they run one after another.
@Suite(.serialized, .enabled(if: Programs.canCapture, "root and /dev/fuse are needed"))
enum EndToEnd {}

/// Seeds: random, printed with the workload; set here to see one again.
enum Seed {
    static var next: UInt64 { UInt64.random(in: 0...9_999_999) }
}
