-- Texts of Lua never change, so that people gather parts and join them.
local parts = {}
for i = 1, 2000000 do
  parts[#parts + 1] = "line " .. i
end
print(#table.concat(parts))
