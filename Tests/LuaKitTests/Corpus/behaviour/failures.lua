-- A command's failure is an error like any other; `dt.ask{fail = ...}` fails in these tests.
local ok, problem = pcall(dt.ask, {fail = -107, message = "no such connection"})
print(ok, problem.code, problem.message, problem.command, getmetatable(problem)) -- expect: false	-107	no such connection	ask	error
print(tostring(problem)) -- expect: ask: no such connection (-107)
local ok, problem = pcall(function() dt.ask{fail = -1, message = "x"} end)
print(tostring(problem)) -- expect: failures.lua:5: ask: x (-1)
local function levels()
    local co = coroutine.wrap(function() dt.group.ask{fail = -2, message = "deep"} end)
    co()
end
local ok, problem = pcall(levels)
print(problem.code, tostring(problem)) -- expect: -2	failures.lua:8: group.ask: deep (-2)
problem.code = "changed"
print(tostring(problem)) -- expect: failures.lua:8: group.ask: deep (changed)
dt.ask{fail = -9, message = "the end"} -- expect error: runtime failures.lua:15: ask: the end (-9)
