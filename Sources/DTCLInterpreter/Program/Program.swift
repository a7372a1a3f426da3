public import DTCLSyntax

/// A compiled script. Immutable and without values, so that any number of machines share it.
public struct Program: Sendable {
    /// Every command of the text and of what it includes; the host binds their words before the
    /// first run, so that all mistakes are known at once.
    public internal(set) var commandSites: [CommandSite] = []
    /// The sites that `after:` did not have already.
    public internal(set) var newCommandSites: Range<Int> = 0..<0
    /// Names of the top level's variables, in lower case; the index is the register.
    public internal(set) var globals: [String] = []
    /// The places that a traced program tells about; none unless it was compiled for that.
    public internal(set) var traceSites: [TraceSite] = []

    /// The top level first, then the procedures.
    var functions: [Function] = []
    var procedureIndexes: [String: Int] = [:]
    var constants: [Constant] = []
    var sources: [SourceText] = []
    var includedFiles: Set<String> = []
    var options: [ScriptOption] = []
    var code: CodeStorage = CodeStorage([])
}

/// A place in the text at which the machine stops for a command.
public struct CommandSite: Sendable {
    public var words: [Word]
    public var range: SourceRange
    public var source: SourceText
    /// Indexes into `words`; `CommandCall.values` has one value for each, in this order.
    public var dynamicWords: [Int]
    /// Words with a treatment other than the usual.
    public var treatments: [Int: WordTreatment]
    public var isResultTaken: Bool

    /// The command as typed, secrets hidden.
    public var text: String {
        var text = ""
        for (index, word) in words.enumerated() {
            if index > 0, words[index - 1].range.upper < word.range.lower { text += " " }
            text += treatments[index] == .raw ? "***" : word.raw
        }
        return text
    }
}

/// Something an instruction can load that fits no instruction.
enum Constant: Sendable, Hashable {
    case integer(Int64)
    case decimal(Double)
    case text(String)
}

/// A piece of the text an instruction comes from.
struct Place: Sendable {
    var source: Int
    var range: SourceRange
}

/// Where an error goes that happens between two instructions.
struct Handler: Sendable {
    var start: Int
    var end: Int
    var target: Int
}

/// The top level or a procedure.
struct Function: Sendable {
    var name: String
    var parameterCount = 0
    var requiredCount = 0
    /// Parameters and other variables; temporaries follow.
    var variableNames: [String] = []
    var registerCount = 0
    var instructions: [Instruction] = []
    var places: [Place] = []
    /// Inner ones before outer ones.
    var handlers: [Handler] = []
}

/// What the dispatch loop needs of a function.
struct FunctionHeader: BitwiseCopyable {
    var entry: Int
    var parameterCount: Int
    var variableCount: Int
    var registerCount: Int
}

/// The instructions of all functions in one block of memory that never changes.
final class CodeStorage: Sendable {
    // Written once in `init`, before anybody else can see it.
    nonisolated(unsafe) let instructions: UnsafeMutablePointer<Instruction>
    nonisolated(unsafe) let headers: UnsafeMutablePointer<FunctionHeader>

    init(_ functions: [Function]) {
        let count = functions.reduce(0) { $0 + $1.instructions.count }
        instructions = .allocate(capacity: max(1, count))
        headers = .allocate(capacity: max(1, functions.count))
        var entry = 0
        for (index, function) in functions.enumerated() {
            (headers + index).initialize(
                to: FunctionHeader(
                    entry: entry, parameterCount: function.parameterCount,
                    variableCount: function.variableNames.count,
                    registerCount: function.registerCount))
            let start = entry
            for instruction in function.instructions {
                (instructions + entry).initialize(to: instruction.moved(by: start))
                entry += 1
            }
        }
    }

    deinit {
        instructions.deallocate()
        headers.deallocate()
    }
}
