-- expect error: runtime traceback.lua:3: attempt to index a nil value (local 'x')
local function inner(x)
    return x.y
end
local function outer()
    local value = inner()
    return value
end
-- expect trace: traceback.lua:3: in 'inner'
-- expect trace: traceback.lua:6: in 'outer'
-- expect trace: traceback.lua:13: in main chunk
print(debug.traceback("x"):match("^x\nstack traceback:\n\t") ~= nil) -- expect: true
outer()
