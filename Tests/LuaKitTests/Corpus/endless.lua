-- Attacks that only a limit ends: after `---` a name and the limits that may, then the script.

--- loop: instructions
while true do end

--- goto: instructions
::a:: goto a

--- counted loop: instructions
for i = 1, math.maxinteger do end

--- pattern: instructions
string.find(('a'):rep(200), ('.-'):rep(6) .. 'b')

--- pattern most: instructions
('a'):rep(30):match(('a*'):rep(30) .. 'b')

--- pattern optional: instructions
('a'):rep(28):match(('a?'):rep(28) .. ('a'):rep(28) .. 'b')

--- pattern captures: instructions
('a'):rep(99):find(('(a-)'):rep(9) .. '%1%2b')

--- pattern balance: instructions
('('):rep(100000):find('%b()x')

--- pattern gmatch: instructions
for a in ('a'):rep(200):gmatch(('.-'):rep(6) .. 'b') do end

--- pattern gsub: instructions
('a'):rep(200):gsub(('.-'):rep(6) .. 'b', '')

--- pattern set: instructions
('a'):rep(5000):find(('[' .. ('b'):rep(3000) .. ']-'):rep(3) .. 'c')

--- huge text: memory
local s = 'x' while true do s = s .. s end

--- repetition: memory
return ('x'):rep(1e9)

--- repetition of much: memory
return ('x'):rep(math.maxinteger, 'y')

--- table: memory
local t = {} for i = 1, math.huge do t[i] = i end

--- texts: memory
local t = {} for i = 1, math.huge do t[i] = 'a' .. i end

--- functions: memory
local t = {} while true do t[#t + 1] = function() return t end end

--- coroutines: memory instructions
local t = {} while true do t[#t + 1] = coroutine.create(print) end

--- format: memory
local s = ('x'):rep(1e6) while true do s = string.format('%s%s', s, s) end

--- concat: memory
local t = {} for i = 1, 5000 do t[i] = ('x'):rep(1000) end return table.concat(t,
    ('y'):rep(1000))

--- gsub grows: memory
return (('x'):rep(1e5):gsub('x', ('y'):rep(1e4)))

--- move: instructions
table.move({}, 1, 2^53 // 1 | 0, 2)

--- move by metatable: instructions
local t = setmetatable({}, {__index = type, __newindex = type}) table.move(t, 1, 1 << 60, 2)

--- insert by length: instructions
table.insert(setmetatable({}, {__len = function() return 1 << 60 end}), 1, 1)

--- remove by length: instructions
table.remove(setmetatable({}, {__len = function() return 1 << 60 end}), 1)

--- concat by length: instructions memory
table.concat(setmetatable({}, {__len = function() return 1 << 60 end, __index = function()
    return '' end}))

--- sort by length: instructions memory
table.sort(setmetatable({}, {__len = function() return 1 << 30 end, __index = type}))

--- sort's order: instructions
table.sort({1, 2, 3}, function() while true do end end)

--- sort much: instructions memory
while true do local t = {} for i = 1, 1e4 do t[i] = -i end table.sort(t, rawequal) end

--- unpack: instructions memory
while true do select('#', table.unpack({}, 1, 250000)) end

--- short coroutines: instructions
while true do local f = coroutine.wrap(function() for i = 1, 200 do end end) f() end

--- nested short coroutines: instructions
local function f(n) for i = 1, 90 do end if n > 0 then coroutine.wrap(f)(n - 1)
    coroutine.wrap(f)(n - 1) end end while true do f(9) end

--- loop in a coroutine: instructions
coroutine.wrap(function() while true do end end)()

--- loop in a resume: instructions
coroutine.resume(coroutine.create(function() while true do end end))

--- nested coroutines: depth
local function f() return coroutine.wrap(f)() end f()

--- nested resumes: depth
local function f() coroutine.resume(coroutine.create(f)) end f()

--- close in a coroutine: instructions
local co = coroutine.create(function() local x <close> = setmetatable({}, {__close = function()
    while true do end end}) coroutine.yield() end) coroutine.resume(co) coroutine.close(co)

--- chain of closes: depth
local co, last = {}, 2000
for i = 1, last do
    co[i] = coroutine.create(function()
        local x <close> = setmetatable({}, {__close = function() if i < last then coroutine.close(co[i + 1]) end end})
        coroutine.yield()
    end)
    coroutine.resume(co[i])
end
coroutine.close(co[1])

--- closed loop: instructions
do local x <close> = setmetatable({}, {__close = function() while true do end end}) end

--- handler loops: instructions
xpcall(error, function() while true do end end)

--- gsub's callback: instructions
('x'):gsub('x', function() while true do end end)

--- index: instructions
local t = setmetatable({}, {__index = function() while true do end end}) return t.x

--- length: instructions
return table.concat(setmetatable({}, {__len = function() while true do end end}))

--- reader: instructions
load(function() while true do end end)

--- reader gives much: memory instructions
load(function() return (' '):rep(1e5) end)

--- load again and again: instructions
local s = ('local a = 1 '):rep(150) while true do load(s) end

--- labels: instructions memory
local t = {} for i = 1, 30000 do t[i] = '::a' .. i .. ':: x() ' end local s = table.concat(t)
    while true do load(s) end

--- print: instructions
while true do print('x') end

--- tostring: instructions
print(setmetatable({}, {__tostring = function() while true do end end}))

--- pairs: instructions
for k in pairs(setmetatable({}, {__pairs = function() return function() return 1 end end})) do
    end

--- exponential pcall: instructions memory wallTime
local function f() pcall(f) pcall(f) end f()

--- failing command: instructions
while true do pcall(dt.ask, print) end

--- records: instructions
local r = dt.record() while true do r.a = 1 r.a = nil end

--- record grows: memory
local r = dt.record() for i = 1, math.huge do r['a' .. i] = i end

--- cleared keys: instructions wallTime
local t = {} for i = 1, 20000 do t['a' .. i] = i end for k in pairs(t) do t[k] = nil end while
    true do next(t) end

--- large comparisons: instructions wallTime
local a, b = ('x'):rep(5e5) .. 'a', ('x'):rep(5e5) .. 'b' while a < b do end

--- many results: instructions wallTime memory
local function f(...) return select(-1, ...) end while true do f(table.unpack({}, 1, 200000))
    end

--- close to the memory: instructions wallTime memory
local t = {} pcall(function() for i = 1, 30000 do t[i] = {} end end) while true do local s =
    ('x'):rep(1000) .. #t end

--- utf8: instructions wallTime
local s = ('ä'):rep(1e6) while true do utf8.len(s) end

--- date: instructions wallTime memory
local s = ('%c'):rep(10000) while true do os.date(s) end

--- pack: instructions wallTime memory
local t = table.pack(('x'):rep(999):byte(1, -1)) while true do string.pack(('i16'):rep(999),
    table.unpack(t)) end

--- colliding keys: instructions wallTime
local t, n = {}, 1 << 13
local m = (n - 1) | 1
for i = 1, n - 1 do t[i * m] = i end
local j = n
while true do t[(j - n + 1) * m] = nil t[j * m] = 1 j = j + 1 end

--- wide table: memory
local t = {} for i = 1, 70000 do t[i + 0.5] = i end
