import Foundation

/// The words after the program's name.
struct Arguments {
    static let usage = """
        usage: understudy-fuzz [options] WHAT...
               understudy-fuzz measure parse|format [MEGABYTES [ROUNDS]]

        Looks for inputs that break the language. WHAT is one or more of
          syntax    any bytes give a tree whose tokens add up to the text; laid out it is the same
          machine   generated programs end, pass no limit, lose no memory and repeat
          format    generated programs in any layout keep their tree in the canonical one
          lua       hostile hooks pass no limit of theirs and give everything back
          all       each of them

        options:
          --count N         inputs of each (default: the whole search, shown below)
          --first-seed N    the first seed (default: 1); seed and count repeat a search exactly
          --jobs N          threads (default: one less than there are processors)
          --corpus FOLDER   scripts to start from, besides those of the program's own
          --show SEED       prints the input of a seed and what does not hold, then ends

        The whole search takes 10000000 inputs for syntax, 1000000 for machine and for format,
        100000 for lua.
        Exit status: 0 all held, 1 something did not, 2 wrong usage.
        """

    struct Problem: Error {
        var message: String
    }

    var kinds: [Search.Kind] = []
    var count: UInt64?
    var firstSeed: UInt64 = 1
    var jobs = max(1, ProcessInfo.processInfo.activeProcessorCount - 1)
    var corpus: String?
    var shown: UInt64?
    var measure: Measure?
    var wantsHelp = false

    init(_ words: [String]) throws(Problem) {
        if words.first == "measure" {
            measure = try Arguments.measure(Array(words.dropFirst()))
            return
        }
        var words = words[...]
        while let word = words.popFirst() {
            switch word {
            case "--help", "-h": wantsHelp = true
            case "--count": count = try Arguments.number(word, words.popFirst())
            case "--first-seed": firstSeed = try Arguments.number(word, words.popFirst())
            case "--jobs":
                jobs = Int(clamping: max(1, min(64, try Arguments.number(word, words.popFirst()))))
            case "--show": shown = try Arguments.number(word, words.popFirst())
            case "--corpus":
                guard let folder = words.popFirst() else {
                    throw Problem(message: "--corpus: got nothing, expected a folder")
                }
                corpus = folder
            case "all": kinds = Search.Kind.allCases
            default:
                guard let kind = Search.Kind(rawValue: word) else {
                    throw Problem(
                        message: "got '\(word)', expected syntax, machine, format, lua or all")
                }
                kinds.append(kind)
            }
        }
        if kinds.isEmpty, !wantsHelp {
            throw Problem(
                message: "got nothing to look at, expected syntax, machine, format, lua or all")
        }
    }

    private static func number(_ option: String, _ word: String?) throws(Problem) -> UInt64 {
        guard let word, let number = UInt64(word) else {
            throw Problem(message: "\(option): got '\(word ?? "")', expected a number")
        }
        return number
    }

    private static func measure(_ words: [String]) throws(Problem) -> Measure {
        guard let first = words.first, let what = Measure.What(rawValue: first) else {
            throw Problem(message: "got '\(words.first ?? "")', expected 'parse' or 'format'")
        }
        let numbers = words.dropFirst().map { Int($0) ?? 0 }
        guard numbers.allSatisfy({ 1...16 ~= $0 }), numbers.count <= 2 else {
            throw Problem(message: "expected megabytes and rounds from 1 to 16")
        }
        return Measure(
            what: what, megabytes: numbers.first ?? 10,
            rounds: numbers.count > 1 ? numbers[1] : 5)
    }
}
