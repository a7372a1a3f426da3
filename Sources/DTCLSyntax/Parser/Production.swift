/// The rules of `Grammar/dtcl.ebnf`, one case each and in the same order; a test compares the two.
enum Production: UInt8, CaseIterable, Sendable {
    case script
    case block
    case statement
    case assignment
    case target
    case command
    case word
    case joinedWord
    case callStatement
    case conditional
    case whileLoop
    case forLoop
    case forEachLoop
    case breakLoop
    case continueLoop
    case returnStatement
    case exitStatement
    case procedure
    case parameter
    case include
    case attempt
    case write
    case wait
    case setOption
    case remark
    case expression
    case unary
    case postfix
    case primary
    case call
    case list
    case record
    case recordEntry
    case quotedText
    case interpolation

    var name: String { String(describing: self) }
}

/// Rules as bits, because the parser notes every one that it uses.
struct ProductionSet: Sendable {
    private var bits: UInt64 = 0

    @inline(__always)
    mutating func insert(_ production: Production) {
        bits |= 1 << UInt64(production.rawValue)
    }

    func contains(_ production: Production) -> Bool {
        var only = ProductionSet()
        only.insert(production)
        return bits & only.bits != 0
    }
}
