-- Attacks that end as any error does: after `---` a name and the kinds of errors, then the script.

--- recursion: depth memory
local function f() return 1 + f() end f()

--- recursion in C: runtime depth
local function f(s) return (s:gsub('.', f)) end f('x')

--- recursion of tostring: runtime depth
local t = setmetatable({}, {}) getmetatable(t).__tostring = function() return tostring(t) end
    tostring(t)

--- index of itself: runtime depth
local t = {} setmetatable(t, {__index = t, __newindex = t}) t.x = t.y

--- chain of indexes: runtime
local t = {} for i = 1, 3000 do t = setmetatable({}, {__index = t}) end return t.x

--- finalizer: runtime
setmetatable({}, {__gc = function() while true do end end})

--- weak keys: runtime
setmetatable({}, {__mode = 'k'})

--- nothing as error: runtime
error()

--- table as error: runtime
error({code = 1})

--- function as error: runtime
error(print)

--- error in an error: runtime
error(setmetatable({}, {__tostring = function() error('again') end}))

--- loop in an error: runtime
error(setmetatable({}, {__tostring = function() while true do end end}))

--- number for an error's text: runtime
error(setmetatable({}, {__tostring = function() return 7 end}))

--- name of an error: runtime
error(setmetatable({}, {__name = ('x'):rep(1e5)}))

--- long error: runtime
error(('x'):rep(1e6))

--- error in a handler: runtime
local ok, e = xpcall(error, function(e) error(e) end) error(tostring(e), 0)

--- files: runtime
dofile('/etc/passwd')

--- io: runtime
io.open('/etc/passwd')

--- process: runtime
os.execute('true')

--- environment: runtime
os.getenv('HOME')

--- debugger: runtime
debug.sethook()

--- registry: runtime
debug.getregistry()

--- bytes of a program: runtime
string.dump(print)

--- compiled chunk: runtime
assert(load('\27Lua', 'x', 'b'))

--- nested parentheses: runtime depth
assert(load('return ' .. ('('):rep(1e5)))

--- nested tables: runtime depth
assert(load('return ' .. ('{'):rep(1e5)))

--- nested functions: runtime depth
assert(load(('function f() '):rep(1e4)))

--- full collection: runtime
collectgarbage('collect')

--- text's metatable: runtime
getmetatable('').__index = nil

--- record's metatable: runtime
setmetatable(dt.record(), {})

--- yield of the host's: runtime
coroutine.yield(1)

--- too many results: runtime
return table.unpack({}, 1, 1000)

--- function as a result: runtime
return print

--- cycle as a result: runtime
local t = {} t.t = t return t

--- doubled result: runtime memory instructions wallTime
local t = {} for i = 1, 60 do t = {t, t} end return t

--- bad text as a result: runtime
return '\255'

--- many hooks: runtime instructions
while true do dt.on('a', print) end

--- pattern too deep: runtime
('x'):rep(300):find(('x?'):rep(300))

--- syntax: syntax
x =
