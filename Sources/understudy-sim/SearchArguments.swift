/// What the command line asks for.
struct SearchArguments {
    var seeds: UInt64 = 10_000
    var firstSeed: UInt64 = 1
    /// One seed, with its story.
    var seed: UInt64?
    var isTraced = false
    var isShort = false
    /// A part of the source's tree is not replicated.
    var hasRules = false
    /// One target and one stream, without a network.
    var isReplay = false
    var minutes: Int?
    var wantsHelp = false

    struct Wrong: Error {
        let words: String
    }

    init(_ words: [String]) throws(Wrong) {
        var rest = words[...]
        while let word = rest.popFirst() {
            switch word {
            case "--seeds": seeds = try Self.number(word, &rest)
            case "--first-seed": firstSeed = try Self.number(word, &rest)
            case "--seed": seed = try Self.number(word, &rest)
            case "--trace": isTraced = true
            case "--short": isShort = true
            case "--rules": hasRules = true
            case "--replay": isReplay = true
            case "--minutes": minutes = Int(try Self.number(word, &rest))
            case "--help", "-h": wantsHelp = true
            default: throw Wrong(words: "'\(word)' is not known; --help tells what is")
            }
        }
    }

    private static func number(
        _ name: String, _ rest: inout ArraySlice<String>
    ) throws(Wrong) -> UInt64 {
        guard let text = rest.popFirst(), let number = UInt64(text) else {
            throw Wrong(words: "\(name) needs a number")
        }
        return number
    }

    static let help = """
        Runs a source, a target and the network between them in one thread, with simulated disks and
        simulated time, and breaks them in every way: links, processes, power, disks, memory. Each
        seed is one story; what the target claims is held against what the source had.

        understudy-sim [--seeds N] [--first-seed N] [--minutes N] [--rules]
        understudy-sim --seed N [--trace]
        understudy-sim --replay [--short] [--seeds N ...]

          --seeds N        how many seeds, 10000 where nothing is said
          --first-seed N   the first of them, 1
          --minutes N      ends after that time
          --seed N         only this one
          --trace          prints what happens, line by line
          --short          stories of a dozen operations at most, as the tests run them
          --rules          a part of the source's tree is not replicated: what is moved over that
                           border comes and goes
          --replay         only a target and its changes: crashes, and goings back to what it once
                           knew, after which the same changes come again and must end in the same
                           tree. With --short a crash at every step, and after each a start from
                           every state before it

        Examples:
          understudy-sim --seeds 1000000
          understudy-sim --first-seed 5000000 --minutes 30
          understudy-sim --seed 4842 --trace
          understudy-sim --replay --seeds 100000

        Exit status: 0 all is well, 1 a seed failed (it is printed with the command that repeats
        it), 2 the command line makes no sense.
        """
}
