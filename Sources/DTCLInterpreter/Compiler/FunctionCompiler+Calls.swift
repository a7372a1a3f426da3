import DTCLSyntax

// Calls of procedures and built-ins, and commands.
extension FunctionCompiler {
    func compileCall(_ name: Name, _ arguments: [Expression], into target: Int) {
        if let index = context.program.procedureIndexes[name.text] {
            let function = context.program.functions[index]
            check(name, arguments.count, function.requiredCount...function.parameterCount)
            compileWindow(arguments, into: target, isBorrowing: false) { first in
                Instruction(.call, a: first, b: index, c: arguments.count)
            }
        } else if let builtin = Builtin(name: name.text) {
            check(name, arguments.count, builtin.argumentCounts)
            compileWindow(arguments, into: target, isBorrowing: true) { first in
                Instruction(.callBuiltin, a: first, b: builtin.index, c: arguments.count)
            }
        } else {
            let known = context.program.procedureIndexes.keys.sorted() + Builtin.names
            report(
                .functionUnknown, name.range, name.spelling,
                nearest: NearestName.nearest(to: name.text, among: known))
        }
    }

    private func check(_ name: Name, _ count: Int, _ allowed: ClosedRange<Int>) {
        guard !allowed.contains(count) else { return }
        let expected: String
        if allowed.upperBound == Int(UInt16.max) {
            let plural = allowed.lowerBound == 1 ? "" : "s"
            expected = "\(allowed.lowerBound) argument\(plural) or more, got \(count)"
        } else if allowed.count == 1 {
            let plural = allowed.lowerBound == 1 ? "" : "s"
            expected = "\(allowed.lowerBound) argument\(plural), got \(count)"
        } else {
            expected = "\(allowed.lowerBound) to \(allowed.upperBound) arguments, got \(count)"
        }
        report(.argumentCount, name.range, name.spelling, expected)
    }

    /// Arguments stand in neighbouring registers, the result comes back in the first of them. A
    /// target that is the newest temporary is that first register itself.
    private func compileWindow(
        _ arguments: [Expression], into target: Int, isBorrowing: Bool,
        _ instruction: (Int) -> Instruction
    ) {
        let isTargetFirst = target == top - 1 && isTemporary(target)
        withTemporaries {
            let first = isTargetFirst ? target : temporary()
            for (index, argument) in arguments.enumerated() {
                let register = index == 0 ? first : temporary()
                if isBorrowing {
                    borrow(argument, into: register)
                } else {
                    compile(argument, into: register)
                }
            }
            emit(instruction(first))
            if first != target { emit(Instruction(.borrow, a: target, b: first)) }
        }
    }

    // MARK: Commands

    /// The values of the dynamic words stand in neighbouring registers; the result comes back in
    /// the first of them.
    func compileCommand(_ command: CommandWords, into target: Int, isResultTaken: Bool) {
        let outer = range
        range = command.range
        defer { range = outer }
        let treatments = context.options.treatment(command.words)
        withTemporaries {
            let first = temporary()
            var dynamicWords: [Int] = []
            for (index, word) in command.words.enumerated() {
                guard word.isDynamic, treatments[index] != .raw else { continue }
                let register = dynamicWords.isEmpty ? first : temporary()
                compile(word, into: register, isSplit: treatments[index] == .split)
                dynamicWords.append(index)
            }
            let site = context.program.commandSites.count
            context.program.commandSites.append(
                CommandSite(
                    words: command.words, range: command.range,
                    source: context.program.sources[source], dynamicWords: dynamicWords,
                    treatments: treatments, isResultTaken: isResultTaken))
            emit(
                Instruction(
                    .command, a: first, b: site, c: dynamicWords.count, flag: isResultTaken))
            if isResultTaken { emit(Instruction(.borrow, a: target, b: first)) }
        }
    }

    private func compile(_ word: Word, into target: Int, isSplit: Bool) {
        switch word.kind {
        case .quoted(let pieces), .joined(let pieces):
            if isSplit {
                compileSplit(pieces, into: target)
            } else {
                compile(pieces, into: target)
            }
        case .variable(let expression), .parenthesised(let expression), .list(let expression),
            .record(let expression):
            borrow(expression, into: target)
        case .bare, .number, .literal, .equals, .comma, .less, .greater: break
        }
    }

    /// Blanks of the text as written separate; blanks in what is filled in do not.
    private func compileSplit(_ pieces: [TextPiece], into target: Int) {
        var texts: [[TextPiece]] = []
        var current: [TextPiece] = []
        for piece in pieces {
            guard case .text(let text) = piece else {
                current.append(piece)
                continue
            }
            for (index, part) in text.split(separator: " ", omittingEmptySubsequences: false)
                .enumerated()
            {
                if index > 0, !current.isEmpty {
                    texts.append(current)
                    current = []
                }
                if !part.isEmpty { current.append(.text(String(part))) }
            }
        }
        if !current.isEmpty { texts.append(current) }
        withTemporaries {
            let first = top
            for text in texts { compile(text, into: temporary()) }
            emit(Instruction(.makeList, a: target, b: first, c: texts.count))
        }
    }
}
