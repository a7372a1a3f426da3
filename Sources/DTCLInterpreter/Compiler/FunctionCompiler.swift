import DTCLSyntax

/// Compiles the top level or one procedure to instructions. Variables have fixed registers,
/// temporaries are a stack above them.
final class FunctionCompiler {
    let context: CompileContext
    let isTopLevel: Bool
    /// Index of the text that is being compiled.
    var source = 0
    private(set) var instructions: [Instruction] = []
    private var places: [Place] = []
    var handlers: [Handler] = []
    private let variableNames: [String]
    var variableCount: Int { variableNames.count }
    private let registers: [String: Int]
    /// The next free temporary, and the highest ever used.
    private(set) var top: Int
    private var topMax: Int
    private var labelTargets: [Int?] = []
    private var labelUses: [(instruction: Int, label: Label)] = []
    var loops: [LoopLabels] = []
    /// The text of the statement or expression that instructions are made for.
    var range = SourceRange(0, 0)

    struct Label {
        fileprivate var index: Int
    }

    struct LoopLabels {
        var next: Label
        var end: Label
    }

    init(_ context: CompileContext, topLevelNames names: [String]) {
        self.context = context
        isTopLevel = true
        variableNames = names
        registers = context.globalIndexes
        top = names.count
        topMax = top
    }

    init(_ context: CompileContext, _ procedure: Procedure, source: Int) {
        self.context = context
        self.source = source
        isTopLevel = false
        var names = AssignedNames()
        // A repeated parameter still counts, so that registers and parameters agree.
        for parameter in procedure.parameters { names.insert(parameter.name.text) }
        names.collect(procedure.body)
        variableNames = names.names
        var registers: [String: Int] = [:]
        for (index, name) in names.names.enumerated() { registers[name] = index }
        self.registers = registers
        top = names.names.count
        topMax = top
        compileDefaults(procedure)
        compile(procedure.body)
    }

    func finish(_ declared: Function) -> Function {
        emit(Instruction(.returnNone))
        for use in labelUses {
            guard let target = labelTargets[use.label.index] else { continue }
            let old = instructions[use.instruction]
            instructions[use.instruction] = Instruction(
                old.opcode, a: Int(old.a), k: target, flag: old.flag)
        }
        context.check(topMax, Int(UInt16.max) - 8, "variables")
        var function = declared
        function.variableNames = variableNames
        function.registerCount = topMax + 1
        function.instructions = instructions
        function.places = places
        function.handlers = handlers
        return function
    }

    private func compileDefaults(_ procedure: Procedure) {
        for (register, parameter) in procedure.parameters.enumerated() {
            guard let value = parameter.defaultValue else { continue }
            let given = label()
            range = parameter.name.range
            emitJump(.jumpIfSet, a: register, to: given)
            compile(value, into: register)
            place(given)
        }
    }
}

// MARK: - Emitting

extension FunctionCompiler {
    var position: Int { instructions.count }

    func emit(_ instruction: Instruction) {
        instructions.append(instruction)
        places.append(Place(source: source, range: range))
    }

    func emitJump(_ opcode: Opcode, a: Int = 0, to label: Label) {
        labelUses.append((position, label))
        emit(Instruction(opcode, a: a, k: 0))
    }

    func label() -> Label {
        labelTargets.append(nil)
        return Label(index: labelTargets.count - 1)
    }

    /// The label stands for the next instruction from now on.
    func place(_ label: Label) {
        labelTargets[label.index] = position
    }

    func temporary() -> Int {
        top += 1
        topMax = max(topMax, top)
        return top - 1
    }

    /// Temporaries made in the closure are free again after it.
    func withTemporaries<Result>(_ body: () -> Result) -> Result {
        let mark = top
        defer { top = mark }
        return body()
    }

    func report(
        _ message: CompileMessage, _ range: SourceRange, _ first: String = "",
        _ second: String = "", nearest: String? = nil
    ) {
        context.report(message, range, source, first, second, nearest: nearest)
    }
}

// MARK: - Names

extension FunctionCompiler {
    enum Binding {
        case register(Int)
        case global(Int)
        /// `$1`, from 1.
        case argument(Int)
        case argumentCount
        case unknown
    }

    func binding(of name: Name) -> Binding {
        if name.text.utf8.first.map({ 0x30...0x39 ~= $0 }) ?? false {
            // More arguments than an instruction can count are never given.
            guard let number = Int(name.text), 1...Int(UInt16.max) ~= number else {
                return .unknown
            }
            return .argument(number)
        }
        if let register = registers[name.text] { return .register(register) }
        if name.text == "argc" { return .argumentCount }
        if !isTopLevel, let index = context.globalIndexes[name.text] { return .global(index) }
        return .unknown
    }

    /// The register of a variable that is about to be set.
    func register(of name: Name) -> Int {
        if name.text == "argc" { report(.argumentReadOnly, name.range, name.spelling) }
        return registers[name.text] ?? 0
    }

    func reportUnknown(_ name: Name) {
        let known = isTopLevel ? variableNames : variableNames + context.program.globals
        report(
            .variableUnknown, name.range, name.spelling,
            nearest: NearestName.nearest(to: name.text, among: known).map { "$" + $0 })
    }
}
