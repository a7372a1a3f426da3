-- What is there and what is not.
local names = {}
for _, library in ipairs{"string", "table", "math", "utf8", "os", "coroutine", "debug"} do
    local list = {}
    for k in pairs(_ENV[library]) do list[#list + 1] = k end
    table.sort(list)
    print(library, table.concat(list, " "))
end
-- expect: string	byte char find format gmatch gsub len lower match pack packsize rep reverse sub unpack upper
-- expect: table	concat insert move pack remove sort unpack
-- expect: math	abs acos asin atan ceil cos deg exp floor fmod huge log max maxinteger min mininteger modf pi rad random randomseed sin sqrt tan tointeger type ult
-- expect: utf8	char charpattern codepoint codes len offset
-- expect: os	clock date difftime time
-- expect: coroutine	close create isyieldable resume running status wrap yield
-- expect: debug	traceback
print(io, dofile, loadfile, package, warn, loadstring) -- expect: nil	nil	nil	nil	nil	nil
print(_VERSION, collectgarbage() > 10, collectgarbage("count") < 8192) -- expect: Lua 5.4	true	true
print(("x"):rep(3, "-"), ("%d"):format(7), ("abc"):find("b", 1, true)) -- expect: x-x-x	7	2	2
print(load("return 1 + 1")(), load("x =")) -- expect: 2	nil	[string "x ="]:1: unexpected symbol near <eof>
local pieces = {"return ", "4", nil}
local at = 0
print(load(function() at = at + 1 return pieces[at] end, "=pieces")()) -- expect: 4
print(load("return x", "x", "bt", {x = "environment"})()) -- expect: environment
print(load("\27Lua")) -- expect: nil	attempt to load a binary chunk (mode is 't')
print(select("#", pcall(error)), select(2, pcall(error, nil))) -- expect: 2	nil
print(xpcall(function(...) return select("#", ...) end, print, 1, nil, nil)) -- expect: true	3
print(setmetatable({}, {__name = "x"}) ~= nil, pcall(setmetatable, 1, {})) -- expect: true	false	bad argument #1 to 'setmetatable' (table expected, got number)
x = 1
print(_G.x, _G._G == _G, rawget(_G, "print")) -- expect: 1	true	nil
local t = table.pack(table.unpack({1, 2, nil, 4}, 1, 4))
print(t.n, t[3], t[4]) -- expect: 4	nil	4
local sorted = {"b", "c", "a"}
table.sort(sorted, function(a, b) return a > b end)
print(table.concat(sorted)) -- expect: cba
print(coroutine.close(coroutine.create(print)), pcall(coroutine.close, coroutine.running())) -- expect: true	false	cannot close a coroutine that runs
print(coroutine.resume(coroutine.create(function(...) return select("#", ...) end), 1, 2)) -- expect: true	2
local dead = coroutine.wrap(function() error("gone") end)
print(pcall(dead)) -- expect: false	libraries.lua:37: gone
print(pcall(dead)) -- expect: false	cannot resume dead coroutine
print(string.format("%q", 1 / 3), utf8.char(228, 8364), math.type(3)) -- expect: 0x1.5555555555555p-2	ä€	integer
