extension Expression {
    /// The expressions directly inside, in the order of the text; those of a command's words and of
    /// what is filled into texts too.
    package var children: [Expression] {
        switch kind {
        case .none, .boolean, .number, .variable, .invalid: []
        case .text(let pieces): TextPiece.expressions(of: pieces)
        case .list(let elements): elements
        case .record(let entries): entries.map(\.value)
        case .unary(_, let operand): [operand]
        case .binary(_, let left, let right): [left, right]
        case .call(_, let arguments): arguments
        case .field(let base, _): [base]
        case .element(let base, let index): [base, index]
        case .command(let command): command.expressions
        }
    }

    /// This expression and all inside it. A chain of operators may be deep, so this does not recur.
    package func forEachInside(_ body: (Expression) -> Void) {
        var pending = [self]
        while let next = pending.popLast() {
            body(next)
            pending += next.children.reversed()
        }
    }
}

extension TextPiece {
    package static func expressions(of pieces: [TextPiece]) -> [Expression] {
        pieces.compactMap { piece in
            if case .expression(let expression) = piece { return expression }
            return nil
        }
    }
}

extension CommandWords {
    package var expressions: [Expression] { words.flatMap(\.expressions) }
}

extension Word {
    /// What is worked out to fill the word in.
    package var expressions: [Expression] {
        switch kind {
        case .quoted(let pieces), .joined(let pieces): TextPiece.expressions(of: pieces)
        case .variable(let expression), .parenthesised(let expression), .list(let expression),
            .record(let expression):
            [expression]
        case .bare, .number, .literal, .equals, .comma, .less, .greater: []
        }
    }
}
