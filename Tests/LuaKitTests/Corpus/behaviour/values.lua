-- What a command gets for a value in Lua, and back: `dt.ask` answers its first argument.
local function back(value) return (dt.ask(value)) end
print(back(nil), back(true), back(false), back(1), back(1.0), back(-0.0)) -- expect: nil	true	false	1	1.0	-0.0
print(back(math.maxinteger), back(math.mininteger), back(1 / 0), back(-1 / 0)) -- expect: 9223372036854775807	-9223372036854775808	inf	-inf
print(back(0 / 0) ~= back(0 / 0), math.type(back(2^53))) -- expect: true	float
print(back(""), back("ü€😀\0x") == "ü€😀\0x", #back(("x"):rep(70000))) -- expect: 	true	70000
local r = back{z = 1, a = {b = {c = dt.none}}, l = {1, {}, "x"}}
for k, v in pairs(r) do print(k) end -- expect: a | l | z
print(r.a.b.c == dt.none, #r.l, getmetatable(r.l), getmetatable(r.l[2])) -- expect: true	3	list	record
print(getmetatable(back(dt.list())), getmetatable(back({}))) -- expect: list	record
local ordered = back(dt.record("y", 1, "x", 2, "w", 3))
local names = ""
for k in pairs(ordered) do names = names .. k end
print(names) -- expect: yxw
local function refuse(...) print(select(2, pcall(dt.ask, ...))) end
refuse(print) -- expect: a function is no value for a command
refuse(coroutine.create(print)) -- expect: a thread is no value for a command
refuse({1, nil, 3}) -- expect: a list has a hole or a key that is no place in it; 'dt.none' fills a hole
refuse({1, x = 2}) -- expect: a table has both names and numbers as keys; it is no list and no record
refuse({[1.5] = 1}) -- expect: a list has a hole or a key that is no place in it; 'dt.none' fills a hole
refuse({[true] = 1}) -- expect: a list has a hole or a key that is no place in it; 'dt.none' fills a hole
refuse("a\xff") -- expect: a text is not valid UTF-8: byte 2 is 255
refuse("\xc0\x80") -- expect: a text is not valid UTF-8: byte 1 is 192
refuse("\xed\xa0\x80") -- expect: a text is not valid UTF-8: byte 1 is 237
refuse("\xf4\x90\x80\x80") -- expect: a text is not valid UTF-8: byte 1 is 244
refuse("\xe2\x82") -- expect: a text is not valid UTF-8: byte 1 is 226
refuse({["\xff"] = 1}) -- expect: a text is not valid UTF-8: byte 1 is 255
local cycle = {}
cycle.cycle = cycle
refuse(cycle) -- expect: a value is nested deeper than 64, or holds itself
local deep = 1
for i = 1, 64 do deep = {deep} end
print(type(back(deep))) -- expect: table
refuse({deep}) -- expect: a value is nested deeper than 64, or holds itself
local list = dt.list{1, 2}
list.x = 1
refuse(list) -- expect: a table has both names and numbers as keys; it is no list and no record
print("a\xffb") -- expect: a�b
