-- Errors that are no texts, and where nobody catches them.
print(select(2, pcall(error, {1})) ~= nil, select(2, pcall(error, print)) == print) -- expect: true	true
local shown = setmetatable({}, {__tostring = function() return "shown" end})
print(select(2, pcall(error, shown)) == shown) -- expect: true
error(shown) -- expect error: runtime shown
