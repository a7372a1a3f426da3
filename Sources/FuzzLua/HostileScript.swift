/// Writes scripts that try everything against the host: endless work inside whatever can call back,
/// huge values, errors that are no texts, coroutines in coroutines, commands where nobody can wait.
struct HostileScript {
    private var random: Randomness
    private var text = ""
    private var names = 0
    private var labels = 0

    init(_ random: Randomness) { self.random = random }

    /// A whole file.
    mutating func write() -> String {
        text = "local event = ...\nlocal shared, f, g = {}, nil, nil\n"
        text += "function f(n, ...)\n"
        block(2)
        text += "end\nfunction g(n, ...)\n"
        block(2)
        text += "end\n"
        for _ in 0..<random.below(3) { hook() }
        block(3)
        if random.below(3) == 0 { text += "return \(value(2))\n" }
        return text
    }

    private mutating func hook() {
        text += "pcall(dt.on, \(value(0)), function(event, ...)\n"
        block(2)
        text += "end)\n"
    }

    private mutating func block(_ depth: Int) {
        for _ in 0..<(1 + random.below(4)) { statement(depth) }
    }

    private mutating func name() -> String {
        names += 1
        return "v\(names)"
    }

    // MARK: Statements

    private mutating func statement(_ depth: Int) {
        guard depth > 0 else { return simple() }
        switch random.below(18) {
        case 0: loop(depth)
        case 1, 2:
            around("pcall(function(...)", depth, "end, \(value(1)))")
        case 3:
            text += "xpcall(function(...)\n"
            block(depth - 1)
            around("end, function(e, ...)", depth, "return e end)")
        case 4, 5: coroutine(depth)
        case 6:
            around(
                "for w in coroutine.wrap(function(...)", depth,
                "coroutine.yield(\(value(1))) end) do")
            block(depth - 1)
            text += "end\n"
        case 7:
            around(
                "do local c <close> = setmetatable({}, {__close = function(...)", depth, "end})")
            block(depth - 1)
            text += "end\n"
        case 8, 9: metatable(depth)
        case 10:
            around(
                "pcall(string.gsub, \(bytes()), \(pattern()), function(...)", depth,
                "return \(value(1)) end)")
        case 11:
            around(
                "pcall(table.sort, \(list()), function(a, b, ...)", depth,
                "return \(value(1)) end)")
        case 12: around("pcall(load, function(...)", depth, "return \(bytes()) end)")
        case 13: loaded(depth)
        case 14: around("if \(value(1)) then", depth, "end")
        default: simple()
        }
    }

    private mutating func around(_ start: String, _ depth: Int, _ end: String) {
        text += start + "\n"
        block(depth - 1)
        text += end + "\n"
    }

    private mutating func loop(_ depth: Int) {
        labels += 1
        let label = "l\(labels)"
        let (start, end) = random.one([
            ("while true do", "end"), ("for i = 1, 1e9 do", "end"), ("repeat", "until false"),
            ("::\(label):: do", "end goto \(label)"), ("for i = 1, 20 do", "end"),
            ("while not shared.x do", "end"), ("for k, v in pairs(shared) do", "end"),
            ("for i = 1, 100 do local t = {}", "shared[i] = t end"),
        ])
        text += start + "\n"
        block(depth - 1)
        text += end + "\n"
    }

    private mutating func coroutine(_ depth: Int) {
        let co = name()
        around(
            "local \(co) = coroutine.create(function(...)", depth,
            "coroutine.yield(\(value(1)))")
        block(depth - 1)
        text += "end)\n"
        for _ in 0..<(1 + random.below(3)) {
            text += random.one([
                "coroutine.resume(\(co), 1)\n", "coroutine.close(\(co))\n", "shared.co = \(co)\n",
                "pcall(coroutine.resume, shared.co or \(co))\n",
                "string.co = coroutine.running()\n", "pcall(coroutine.resume, string.co)\n",
                "pcall(coroutine.close, string.co)\n",
                "dt.log(coroutine.status(\(co)), debug.traceback(\(co)))\n",
                "while coroutine.resume(\(co)) do end\n",
            ])
        }
    }

    private mutating func metatable(_ depth: Int) {
        let object = name()
        let event = random.one([
            "index", "newindex", "call", "add", "concat", "eq", "lt", "le", "len", "unm",
            "tostring", "pairs", "close", "name", "metatable", "gc", "mode",
        ])
        around(
            "local ok, \(object) = pcall(setmetatable, {}, {__\(event) = function(...)", depth,
            "return \(value(1)) end})")
        let uses = [
            "\(object).x", "\(object)[1]", "\(object)()", "\(object) + 1", "\(object) .. 'x'",
            "\(object) == {}", "\(object) < \(object)", "\(object) <= 1", "#\(object)",
            "-\(object)", "tostring(\(object))", "pairs(\(object))", "table.concat(\(object))",
            "table.unpack(\(object))", "table.insert(\(object), 1, 1)",
            "table.remove(\(object), 1)", "table.sort(\(object))",
            "table.move(\(object), 1, 1 << 60, 2)", "dt.ask(\(object))", "error(\(object))",
            "string.format('%s', \(object))", "dt.log(\(object))",
            "string.gsub('abc', '.', \(object))", "load(\(object))", "next(\(object))",
        ]
        text += "pcall(function(...) return \(random.one(uses)) end)\n"
        if random.below(4) == 0 { text += "\(object).x = \(value(1))\n" }
        if random.below(6) == 0 { text += "error(\(object))\n" }
    }

    private mutating func loaded(_ depth: Int) {
        var inner = HostileScript(Randomness(random.next()))
        inner.block(depth - 1)
        let level = String(repeating: "=", count: 3 + depth)
        text += "do local ok = load([\(level)[\(inner.text)]\(level)])\n"
        text += "if ok then pcall(ok) end end\n"
    }

    private mutating func simple() {
        switch random.below(12) {
        case 0: text += "local \(name()) = \(value(2))\n"
        case 1: text += "shared[\(value(0))] = \(value(2))\n"
        case 2: text += "pcall(f, \(value(1)))\n"
        case 3: text += "f(\(value(1)))\n"
        case 4: text += "g(select('#', ...), ...)\n"
        case 5: text += "error(\(value(1)), \(random.below(4)))\n"
        case 6: text += "dt.ask(\(value(2)))\n"
        case 7: text += "dt.log(\(value(2)))\n"
        case 8: text += "pcall(\(call()))\n"
        case 9: text += "do local s = shared.s or 'x' shared.s = s .. s end\n"
        default:
            let function = random.one(Self.functions)
            text += "pcall(\(function), \(value(1)), \(value(1)), \(value(1)))\n"
        }
    }

    private static let functions = [
        "string.rep", "string.find", "string.match", "string.gmatch", "string.gsub",
        "string.format", "string.byte", "string.char", "string.sub", "string.pack",
        "string.unpack", "string.packsize", "string.reverse", "string.upper", "table.concat",
        "table.insert", "table.remove", "table.move", "table.sort", "table.pack", "table.unpack",
        "utf8.char", "utf8.len", "utf8.codepoint", "utf8.offset", "utf8.codes", "math.random",
        "math.floor", "math.fmod", "math.tointeger", "os.date", "os.time", "os.clock", "select",
        "next", "pairs", "ipairs", "tostring", "tonumber", "rawset", "rawget", "rawlen",
        "rawequal", "setmetatable", "getmetatable", "assert", "error", "pcall", "xpcall", "load",
        "type", "collectgarbage", "require", "coroutine.create", "coroutine.wrap",
        "coroutine.resume", "coroutine.close", "coroutine.yield", "coroutine.status",
        "coroutine.running", "coroutine.isyieldable", "debug.traceback", "dt.on", "dt.log",
        "dt.list", "dt.record", "dt.copy", "dt.ask", "dt.group.ask", "dt.group", "print",
    ]

    // MARK: Expressions

    private mutating func call() -> String {
        random.one([
            "string.find, ('a'):rep(200), ('.-'):rep(6) .. 'b'", "string.rep, 'x', 1 << 40",
            "string.rep, '', 1 << 60", "table.unpack, {}, 1, 1e6", "string.format, '%99d', 1",
            "load, ('('):rep(1e4)", "load, 'return ' .. ('{'):rep(300)", "dt.ask",
            "string.gsub, ('x'):rep(1000), '', ('y'):rep(1000)",
            "string.find, ('('):rep(5000), '%b()'",
            "table.concat, {('x'):rep(1e4), ('y'):rep(1e4)}, ('z'):rep(1e4)",
            "os.date, ('%c'):rep(500)", "table.move, {1, 2, 3}, 1, 1 << 40, 2",
            "string.char, ('x'):rep(1000):byte(1, -1)", "coroutine.wrap(f), f",
            "coroutine.wrap(coroutine.wrap(g))", "error", "pcall, pcall, pcall, f",
            "string.gsub, 'x', 'x', f", "table.sort, {3, 1, 2}, g", "xpcall, f, g",
            "xpcall, error, f",
        ])
    }

    private mutating func value(_ depth: Int) -> String {
        switch random.below(depth > 0 ? 24 : 14) {
        case 0: return "nil"
        case 1: return "true"
        case 2: return String(random.below(20) - 3)
        case 3:
            return random.one(["1 << 60", "math.mininteger", "1e308", "0/0", "1/0", "2^53", "-0.0"])
        case 4: return bytes()
        case 5: return pattern()
        case 6: return "..."
        case 7: return "event"
        case 8:
            return random.one(["f", "g", "print", "dt.ask", "error", "pcall", "coroutine.yield"])
        case 9: return "shared"
        case 10: return random.one(["_G", "_ENV", "string", "dt", "coroutine.running()"])
        case 11: return "dt.none"
        case 12: return list()
        case 13: return "'mirror.*'"
        case 14: return "{\(value(depth - 1)), \(value(depth - 1))}"
        case 15: return "{x = \(value(depth - 1)), y = \(value(depth - 1))}"
        case 16: return "dt.record('a', \(value(depth - 1)), 'b', \(value(depth - 1)))"
        case 17: return "dt.list{\(value(depth - 1))}"
        case 18: return "function(...) return \(value(depth - 1)) end"
        case 19: return "setmetatable({}, {__tostring = f, __index = g, __close = f})"
        case 20: return "(\(value(depth - 1)) == \(value(depth - 1)))"
        case 21: return "select(2, pcall(\(random.one(Self.functions)), \(value(depth - 1))))"
        case 22: return "coroutine.wrap(function(...) return \(value(depth - 1)) end)"
        default: return "{event = event, path = event and event.path, copy = pcall(dt.copy, event)}"
        }
    }

    private mutating func list() -> String {
        random.one([
            "{}", "{1, 2, 3}", "{3, 1, 2, 'x'}", "{1, nil, 3}",
            "table.pack(('x'):rep(300):byte(1, -1))", "dt.list()", "dt.record()", "{{}, {}}",
            "setmetatable({}, {__len = function() return 1e9 end})",
        ])
    }

    private mutating func bytes() -> String {
        random.one([
            "''", "'x'", "'abc'", "('a'):rep(100)", "('x'):rep(1e5)", "'\\255\\0'", "'%d %s %q'",
            "'ä'", "('ab'):rep(50)", "'__gc'", "'__mode'", "tostring(shared)", "'return 1'",
            "'i8 s4 z'",
        ])
    }

    private mutating func pattern() -> String {
        var pattern = ""
        for _ in 0..<(1 + random.below(6)) {
            pattern += random.one([
                ".-", ".*", "a", "(a*)", "[ab]+", "%w", "%b()", "%f[a]", "()", "%1", "(", ")",
                "x?", "[^x]*", "$", "^", "%", "[", "(.-)",
            ])
        }
        return random.below(4) == 0 ? "('\(pattern)'):rep(\(1 + random.below(8)))" : "'\(pattern)'"
    }
}

/// Numbers from a seed.
struct Randomness {
    private var state: UInt64

    init(_ seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = (state ^ (state >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    /// From 0 on, less than the bound, which is not 0.
    mutating func below(_ bound: Int) -> Int { Int(next() % UInt64(bound)) }

    mutating func one<Element>(_ list: [Element]) -> Element { list[below(list.count)] }
}
