-- expect error: instructions limits.lua:5: more instructions than allowed
-- expect trace: limits.lua:5: in 'spin'
-- expect trace: limits.lua:8: in main chunk
local function spin()
    while true do end
end
print("before") -- expect: before
spin()
