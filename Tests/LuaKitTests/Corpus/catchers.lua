pcall(attack)
---
while true do pcall(attack) end
---
xpcall(attack, function(e) print('survived') return e end)
---
coroutine.resume(coroutine.create(attack))
---
pcall(coroutine.wrap(attack))
---
do
    local x <close> = setmetatable({}, {__close = function() pcall(attack) print('survived') end})
    attack()
end
---
local co = coroutine.create(function()
    local x <close> = setmetatable({}, {__close = attack})
    coroutine.yield()
end)
coroutine.resume(co)
coroutine.close(co)
---
('x'):gsub('x', function() pcall(attack) print('survived') end)
---
pcall(table.sort, {1, 2}, function() pcall(attack) print('survived') end)
---
load(function() pcall(attack) print('survived') end)
---
pcall(error, setmetatable({}, {__tostring = attack}))
tostring(setmetatable({}, {__tostring = attack}))
