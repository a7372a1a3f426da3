import CLua
import CommandModel
import LuaKit
import Testing

/// Our own library functions against Lua's: the same script runs in both and must say the same.
@Suite struct PatternTests {
    /// A number from a seed, the functions that make something of it, and `show`, which says what a
    /// call returned in plain letters.
    private static let common = """
        local seed = SEED
        local function random(most)
            seed = (seed * 6364136223846793005 + 1442695040888963407)
            return (seed >> 33) % most + 1
        end
        local function one(list) return list[random(#list)] end
        local function plain(value)
            if type(value) == "table" then
                local parts = {}
                for i = 1, (value.n or #value) do parts[i] = plain(value[i]) end
                return "{" .. table.concat(parts, ",") .. "}"
            end
            if type(value) ~= "string" then return tostring(value) end
            local parts = {}
            for i = 1, #value do
                local byte = value:byte(i)
                parts[i] = (byte > 32 and byte < 127) and string.char(byte) or ("<" .. byte .. ">")
            end
            return "'" .. table.concat(parts) .. "'"
        end
        local out = {}
        local function show(what, ...)
            local parts = {what}
            local results = {n = select("#", ...), ...}
            for i = 1, results.n do parts[#parts + 1] = plain(results[i]) end
            out[#out + 1] = table.concat(parts, " ")
        end

        """.replacing("local function plain(", with: "local plain; function plain(")

    private static let patterns = """
        local items = {".", "a", "b", "%a", "%d", "%s", "%w", "%A", "%W", "%%", "%.", "[ab]", "[^a]",
            "[a-c]", "[%a]", "[^%s%d]", "[]]", "[^]]", "[a-]", "[%]]", "[%-a]", "%z", "\\0", "[\\0-\\31]",
            "%x", "%p", "%c", "%g", "%l", "%u", "\\255", "[\\128-\\255]", "["  , "[a", "[^", "%", "]", "-"}
        local marks = {"", "", "", "", "*", "+", "-", "?"}
        local wholes = {"()", "(", ")", "%1", "%2", "%b()", "%bab", "%f[%a]", "%f[^a]", "%f[%z]", "$",
            "^", "%b", "%ba", "%f", "%0", "(a", "b)", "%f[a", "(.)", "(.-)", "(%a+)", "%9"}
        local letters = {"a", "a", "b", "c", "(", ")", " ", "1", ".", "%", "]", "-", "\\0", "\\255", "A"}
        local function subject()
            local parts = {}
            for i = 1, random(14) - 1 do parts[i] = one(letters) end
            return table.concat(parts)
        end
        local function pattern()
            local parts = {random(6) == 1 and "^" or ""}
            for i = 1, random(7) - 1 do
                parts[#parts + 1] = random(3) == 1 and one(wholes) or one(items) .. one(marks)
            end
            if random(6) == 1 then parts[#parts + 1] = "$" end
            return table.concat(parts)
        end
        local replacements = {"x", "%0", "%1", "<%1%2>", "%%", "%", "%x", "", "%9", 7, 1.5, "\\0",
            {a = "A", b = false, c = 1}, {a = {}}, function(a, b) return b end,
            function(a) return a and tostring(a) .. "!" end, function() end, function() return {} end}
        local places = {nil, 1, 2, 0, -1, -3, 5, 100, -100, math.maxinteger, math.mininteger}
        for case = 1, COUNT do
            local s, p = subject(), pattern()
            local place = places[random(11)]
            show(case .. " find " .. plain(s) .. " " .. plain(p), pcall(string.find, s, p, place))
            show("match", pcall(string.match, s, p, place))
            show("plain", pcall(string.find, s, p, place, true))
            show("gsub", pcall(string.gsub, s, p, one(replacements), random(3) == 1 and random(4) - 2 or nil))
            local found = {}
            show("gmatch", pcall(function()
                for a, b, c in string.gmatch(s, p, place) do
                    found[#found + 1] = plain(a) .. plain(b) .. plain(c)
                end
                return table.concat(found, ";")
            end))
        end

        """

    private static let tables = """
        local function list()
            local t = {}
            for i = 1, random(9) - 1 do t[i] = random(20) end
            return t
        end
        local function number() return one{0, 1, 2, 3, 4, 5, 8, 9, -1, -2, 10,
            math.maxinteger, math.mininteger, math.maxinteger - 1} end
        local function small() return random(12) - 3 end
        local orders = {nil, function(a, b) return a > b end}
        for case = 1, COUNT do
            local t = list()
            local before = plain(t)
            show(case .. " insert " .. before, pcall(table.insert, t, number(), 99))
            show("now", t)
            show("append", pcall(table.insert, t, 7))
            local ok, value = pcall(table.remove, t, one{nil, number()})
            show("remove", ok, ok and value) -- the library names the wrong argument
            show("now", t)
            show("removed last", table.remove(t), t)
            show("concat", pcall(table.concat, t, one{", ", ""}, small(), small()))
            show("concat", pcall(table.concat, list(), "-"))
            local u = list()
            show("move", pcall(table.move, t, small(), small(), small(), one{u, t}))
            show("move far", pcall(table.move, t, math.maxinteger, math.maxinteger, number(), u))
            show("move much", pcall(table.move, t, 1, math.maxinteger, 2))
            show("move whole", pcall(table.move, t, 0, math.maxinteger, 2))
            show("now", t, u)
            show("unpack", pcall(table.unpack, t, small(), small()))
            show("unpack much", pcall(table.unpack, t, 1, math.maxinteger))
            show("unpack all", pcall(table.unpack, t, math.mininteger, math.maxinteger))
            show("unpack last", pcall(table.unpack, t, math.maxinteger - 1, math.maxinteger))
            show("pack", table.pack(table.unpack(t)).n, table.pack().n)
            local long = {}
            for i = 1, random(200) do long[i] = random(50) end
            table.sort(long, orders[random(2)])
            show("sort", long)
            show("sort mixed", pcall(table.sort, {1, "a", 2}))
            show("sort by", pcall(table.sort, {3, 1, 2}, 5))
            show("rep", pcall(string.rep, one{"", "a", "abc"}, random(7) - 3, one{nil, "", "-", "=="}))
            show("wrong", pcall(table.insert, t), pcall(table.insert, t, 1, 2, 3), pcall(table.concat, {{}}))
            show("none", pcall(table.sort), pcall(table.insert, nil, 1), pcall(string.rep))
        end

        """

    private static let ending = "return table.concat(out, \"\\n\")\n"

    private func script(_ part: String, seed: UInt64, count: Int) -> String {
        "local SEED, COUNT = \(seed), \(count)\n" + Self.common + part + Self.ending
    }

    private func ours(_ text: String) throws -> [Substring] {
        let limits = LuaLimits(
            memoryBytesMax: 64 << 20, instructionsMax: 1_000_000_000, wallSecondsMax: 60,
            sliceInstructions: 0, coroutineDepthMax: 8)
        let run = ScriptRun(text, name: "same.lua", limits: limits)
        #expect(run.error == nil)
        return try #require(run.results.first?.text).split(separator: "\n")
    }

    private func librarys(_ text: String) throws -> [Substring] {
        let state = try #require(luaL_newstate())
        defer { lua_close(state) }
        luaL_openlibs(state)
        try #require(luaL_loadbufferx(state, text, text.utf8.count, "@same.lua", "t") == LUA_OK)
        let status = lua_pcallk(state, 0, 1, 0, 0, nil)
        let result = try #require(lua_tolstring(state, -1, nil))
        try #require(status == LUA_OK, "\(String(cString: result))")
        return String(cString: result).split(separator: "\n")
    }

    private func compare(_ part: String, seed: UInt64, count: Int) throws {
        let text = script(part, seed: seed, count: count)
        let ours = try ours(text)
        let librarys = try librarys(text)
        #expect(ours.count == librarys.count)
        var told = 0
        var what: Substring = ""
        for (mine, its) in zip(ours, librarys) {
            if mine.first?.isNumber == true { what = mine }
            if mine == its { continue }
            Issue.record("seed \(seed), \(what)\nours:    \(mine)\nlibrary: \(its)")
            told += 1
            if told == 5 { break }
        }
    }

    @Test("Patterns match as the library's do")
    func patternsMatch() throws {
        let seed = UInt64.random(in: 1...1_000_000_000)
        print("patterns: seed \(seed)")
        try compare(Self.patterns, seed: seed, count: 4000)
    }

    @Test("Tables and repetitions behave as the library's do")
    func tablesMatch() throws {
        let seed = UInt64.random(in: 1...1_000_000_000)
        print("tables: seed \(seed)")
        try compare(Self.tables, seed: seed, count: 300)
    }
}
