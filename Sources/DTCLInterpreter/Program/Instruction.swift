/// What the machine does. In the comments `a`, `b`, `c` are registers unless said otherwise, `k` is
/// the two last fields as one number of 32 bits.
enum Opcode: UInt8 {
    /// a ← none
    case loadNone
    /// a ← b as a boolean
    case loadBoolean
    /// a ← k as an integer
    case loadInteger
    /// a ← constant k
    case loadConstant
    /// a ← b, which stays in use: its object is shared from now on
    case move
    /// a ← b for a moment only
    case borrow
    /// the object in a is shared from now on
    case share
    /// a ← global b for a moment only
    case loadGlobal
    /// a ← b op c
    case add, subtract, multiply, divide, remainder
    /// a ← b op (c as a signed number)
    case addImmediate, multiplyImmediate, divideImmediate, remainderImmediate
    case negate
    /// a ← b compared with c
    case equal, notEqual, less, lessOrEqual
    case contained, like
    /// follow the jump in the next instruction when (a op b) is the flag, else step over it
    case testEqual, testLess, testLessOrEqual
    /// the same with b as a signed number
    case testEqualImmediate, testLessImmediate, testLessOrEqualImmediate
    case testGreaterImmediate, testGreaterOrEqualImmediate
    /// to instruction k
    case jump
    /// to instruction k, backwards: looks at the budget
    case loop
    /// to instruction k when a holds
    case jumpIfTrue
    case jumpIfFalse
    /// to instruction k when a is set (a default is not needed)
    case jumpIfSet
    /// a: from, a+1: to, a+2: step; they become value, rounds left, step; to k when there is none
    case forPrepare
    /// next round: b ← value and follow the jump in the next instruction, or step over it
    case forNext
    /// a: list or record, a+1 ← position
    case forEachPrepare
    /// as forNext; b ← value (or key when c is a register), c ← value
    case forEachNext
    /// a ← list of the c registers from b
    case makeList
    /// a ← record of c pairs of registers from b
    case makeRecord
    /// a ← b's field, whose name is constant c
    case field
    /// a ← b[c]
    case element
    /// a[b] ← c
    case setElement
    /// a[b][b+1]... ← the register after the c keys
    case setPath
    /// a ← text of the c registers from b
    case concatenate
    /// text a grows by the c registers from b
    case extendText
    /// list a grows by the c registers from b
    case extendList
    /// a ← procedure b with c arguments from a on
    case call
    /// a ← built-in b with c arguments from a on
    case callBuiltin
    /// a ← command b with c values from a on; flag: the result is taken
    case command
    case returnValue
    case returnNone
    /// c registers from a; flag: to standard error
    case write
    /// flag: a bare number
    case wait
    /// flag: a is the status
    case exit
    /// option k
    case setOption
    /// a ← the error that led here
    case catchError
    /// tells the tracer about place k
    case trace
}

/// Eight bytes, fixed width.
struct Instruction: BitwiseCopyable {
    var opcode: Opcode
    var flag: Bool
    var a: UInt16
    var b: UInt16
    var c: UInt16

    init(_ opcode: Opcode, a: Int = 0, b: Int = 0, c: Int = 0, flag: Bool = false) {
        self.opcode = opcode
        self.flag = flag
        self.a = UInt16(truncatingIfNeeded: a)
        self.b = UInt16(truncatingIfNeeded: b)
        self.c = UInt16(truncatingIfNeeded: c)
    }

    init(_ opcode: Opcode, a: Int = 0, k: Int, flag: Bool = false) {
        self.init(opcode, a: a, b: k & 0xFFFF, c: k >> 16, flag: flag)
    }

    @inline(__always)
    var k: Int { Int(Int32(truncatingIfNeeded: Int(b) | Int(c) << 16)) }

    @inline(__always)
    var signedB: Int64 { Int64(Int16(bitPattern: b)) }

    @inline(__always)
    var signedC: Int64 { Int64(Int16(bitPattern: c)) }
}

extension Instruction {
    /// Jumps are compiled from the start of their function and run from the start of all code.
    func moved(by distance: Int) -> Instruction {
        switch opcode {
        case .jump, .loop, .jumpIfTrue, .jumpIfFalse, .jumpIfSet, .forPrepare:
            Instruction(opcode, a: Int(a), k: k + distance, flag: flag)
        default: self
        }
    }
}
