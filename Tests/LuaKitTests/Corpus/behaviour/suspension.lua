-- A command waits wherever Lua can wait.
print(dt.ask("top")) -- expect: top
print(pcall(dt.ask, "pcall")) -- expect: true	pcall
print(pcall(pcall, pcall, dt.ask, 1)) -- expect: true	true	true	1
print(xpcall(dt.ask, print, "xpcall")) -- expect: true	xpcall
print(select(2, xpcall(function() error("x" .. dt.ask("y"), 0) end, function(e) return "<" .. e .. ">" end))) -- expect: <xy>
print(dt.group.ask("group")) -- expect: group
for v in function(_, n) n = (n or 0) + 1 if n < 4 then return dt.ask(n) end end do print(v) end -- expect: 1 | 2 | 3
local t = setmetatable({}, {
    __index = function(_, k) return dt.ask(k) end,
    __add = function(a, b) return dt.ask("sum") end,
    __call = function(_, x) return dt.ask(x) end,
    __eq = function() return dt.ask(true) end,
    __lt = function() return dt.ask(true) end,
    __len = function() return dt.ask(9) end,
    __concat = function() return dt.ask("joined") end,
    __newindex = function(t, k, v) rawset(t, k, dt.ask(v)) end,
    __unm = function() return dt.ask("minus") end,
})
t.set = 5
print(t.index, t + 1, t(2), t == setmetatable({}, getmetatable(t)), t < t, #t, t .. 1, t.set, -t) -- expect: index	sum	2	true	true	9	joined	5	minus
do
    local x <close> = setmetatable({}, {__close = function() print("closed", dt.ask(1)) end})
    print("open") -- expect: open | closed	1
end
-- In a script's own coroutines, which know nothing of it.
local co = coroutine.wrap(function(a)
    local b = dt.ask(a)
    local c = coroutine.yield(b + 1)
    local d = coroutine.wrap(function()
        coroutine.yield(dt.ask("inner"))
        return dt.ask("innermost")
    end)
    coroutine.yield(d())
    coroutine.yield(d())
    return dt.ask(c)
end)
print(co(10), co(20), co(), co()) -- expect: 11	inner	innermost	20
local other = coroutine.create(function() error({dt.ask(1)}) end)
local ok, problem = coroutine.resume(other)
print(ok, problem[1], coroutine.status(other)) -- expect: false	1	dead
print(coroutine.isyieldable(), select(2, coroutine.running())) -- expect: false	true
-- Not where C waits in between.
local function refuse(f, ...)
    local ok, problem = pcall(f, ...)
    print(ok, (tostring(problem):gsub("^.-:%d+: ", "")))
end
refuse(string.gsub, "x", "x", dt.ask) -- expect: false	'ask' cannot wait inside a sort's order, gsub, load, __close or a metamethod of C
refuse(table.sort, {1, 2}, dt.ask) -- expect: false	'ask' cannot wait inside a sort's order, gsub, load, __close or a metamethod of C
refuse(load, dt.ask) -- expect: false	'ask' cannot wait inside a sort's order, gsub, load, __close or a metamethod of C
refuse(tostring, setmetatable({}, {__tostring = dt.ask})) -- expect: false	'ask' cannot wait inside a sort's order, gsub, load, __close or a metamethod of C
refuse(string.gsub, "x", "x", coroutine.wrap(dt.ask)) -- expect: false	'ask' cannot wait inside a sort's order, gsub, load, __close or a metamethod of C
print(dt.ask("after")) -- expect: after
