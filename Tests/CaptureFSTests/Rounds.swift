import Glibc

/// How long random work goes on: UNDERSTUDY_ROUNDS gives the number of kills, UNDERSTUDY_SEED where
/// chance begins.
enum Rounds {
    static let asked = getenv("UNDERSTUDY_ROUNDS").flatMap { Int(String(cString: $0)) }
    static var isLong: Bool { asked != nil }
    static let seed =
        getenv("UNDERSTUDY_SEED").flatMap { UInt64(String(cString: $0)) }
        ?? UInt64.random(in: 1...1_000_000)
}

struct SeededNumbers: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    mutating func pick(_ count: Int) -> Int { Int(next() % UInt64(count)) }
}
