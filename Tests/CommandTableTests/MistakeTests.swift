import CommandTable
import DTCLSyntax
import Testing
import UnderstudyCommands

/// Mistakes made in lines that are right, and what is said of them.
@Suite struct MistakeTests {
    private let table = UnderstudyCommands.table

    /// The words of the examples of what is available, and where each is a word of the command.
    private var lines: [(words: [String], keywords: [Int])] {
        table.declarations.filter(\.isAvailable).flatMap { declaration in
            let known = declaration.words + declaration.pattern.keywords
            return declaration.examples.map { example in
                let words = example.line.split(separator: " ").map(String.init)
                return (
                    words,
                    words.indices.filter { index in
                        known.contains { $0.match(words[index]) != .none }
                    }
                )
            }
        }
    }

    private func bind(_ words: [String]) -> Binding? {
        Script.parse(words.joined(separator: " ")).commands.first.map { table.bind($0) }
    }

    @Test func `a line that ends too early says so at its end`() throws {
        for line in lines {
            for count in 1..<max(2, line.words.count) {
                let words = Array(line.words.prefix(count))
                guard let binding = bind(words), binding.command == nil else { continue }
                let first = try #require(binding.diagnostics.first, "\(words)")
                #expect(["argument-missing", "command-incomplete"].contains(first.id), "\(words)")
                let end = words.joined(separator: " ").utf8.count
                #expect(Int(first.range.lower) == end, "\(words)")
            }
        }
    }

    @Test func `a word with two letters swapped is recognised`() {
        for line in lines {
            for index in line.keywords where line.words[index].filter(\.isLetter).count > 4 {
                var words = line.words
                var letters = Array(words[index])
                letters.swapAt(1, 2)
                guard letters != Array(words[index]) else { continue }
                words[index] = String(letters)
                let said = bind(words)?.diagnostics.flatMap(\.notes).map(\.message) ?? []
                let right = line.words[index].filter(\.isLetter).uppercased()
                #expect(
                    said.contains { $0.hasPrefix("did you mean '\(right)") }
                        || said.contains { $0.hasPrefix("did you mean '") && right.count < 6 },
                    "\(words.joined(separator: " ")): \(said.first ?? "nothing")")
            }
        }
    }

    @Test func `whatever is wrong, messages have their form`() {
        var seed: UInt64 = 0x0DD5
        func next(_ count: Int) -> Int {
            seed = seed &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(seed >> 33) % count
        }
        let lines = lines
        let ids = Set(CommandTable.messages.map(\.id))
        let strays = [
            "frob", "\"x y\"", "'z'", "=", ",", ">", "$v", "7", "10m", "plan", "(1)", "*",
        ]
        for _ in 0..<3_000 {
            var words = lines[next(lines.count)].words
            for _ in 0...next(2) {
                let place = next(words.count)
                switch next(4) {
                case 0: words.insert(strays[next(strays.count)], at: place)
                case 1: words[place] = strays[next(strays.count)]
                case 2 where words.count > 1: words.remove(at: place)
                default: words.swapAt(place, next(words.count))
                }
            }
            guard let binding = bind(words) else { continue }
            let text = words.joined(separator: " ")
            #expect(binding.diagnostics.count <= 5)
            var last: UInt32 = 0
            for diagnostic in binding.diagnostics {
                #expect(ids.contains(diagnostic.id))
                #expect(!diagnostic.message.hasSuffix("."), "\(text): \(diagnostic.message)")
                #expect(diagnostic.range.lower >= last, "\(text)")
                #expect(Int(diagnostic.range.upper) <= text.utf8.count + 1, "\(text)")
                last = diagnostic.range.lower
            }
        }
    }
}
