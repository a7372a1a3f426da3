/// The words after the program's name, taken one by one.
struct Arguments {
    private var words: ArraySlice<String>

    init(_ words: [String]) {
        self.words = words[...]
    }

    mutating func text(_ name: String) throws(BenchError) -> String {
        guard let word = words.popFirst() else {
            throw .usage("\(name) is missing\n\(Workload.usage)")
        }
        return word
    }

    /// A whole number from 1 on.
    mutating func count(_ name: String) throws(BenchError) -> Int {
        let word = try text(name)
        guard let value = Int(word), value > 0 else {
            throw .usage("\(name): got '\(word)', expected a whole number above 0")
        }
        return value
    }

    /// All words that are left, at least one.
    mutating func rest(_ name: String) throws(BenchError) -> [String] {
        guard !words.isEmpty else { throw .usage("\(name) is missing\n\(Workload.usage)") }
        defer { words = [] }
        return Array(words)
    }

    func end() throws(BenchError) {
        if let word = words.first { throw .usage("'\(word)' is one word too many") }
    }
}
