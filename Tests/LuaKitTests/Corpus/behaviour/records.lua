-- Records keep the order of their names, lists know that they are lists.
local r = dt.record("z", 1, "a", 2, "m", dt.none)
for k, v in pairs(r) do print(k, v) end -- expect: z	1 | a	2 | m	none
r.b = 3
r.a = nil
r.a = 4
local names = {}
for k in pairs(r) do names[#names + 1] = k end
print(table.concat(names, " ")) -- expect: z m b a
print(r.m == dt.none, r.unknown, type(r), tostring(r):match("^record: ") ~= nil) -- expect: true	nil	table	true
print(pcall(function() r[1] = 2 end)) -- expect: false	records.lua:11: a record's names are texts, this is a number
print(select(2, pcall(rawset, r, 1, 2))) -- expect: a record's names are texts, this is a number
rawset(r, "raw", 5)
print(select("#", next(r)), getmetatable(r)) -- expect: 2	record
for k, v in pairs(r) do r[k] = nil end
print(next(r)) -- expect: nil
for round = 1, 500 do
    r["n" .. round] = round
    if round % 3 ~= 0 then r["n" .. round] = nil end
end
local count, last = 0, 0
for k, v in pairs(r) do
    assert(v > last and k == "n" .. v)
    count, last = count + 1, v
end
print(count, last) -- expect: 166	498
local l = dt.list{1, 2, 3}
l[#l + 1] = 4
print(#l, table.concat(l, ","), getmetatable(l)) -- expect: 4	1,2,3,4	list
print(#dt.list(), pcall(dt.list, l)) -- expect: 0	false	bad argument #1 to 'dt.list' (the table has a metatable)
print(pcall(dt.record, "a")) -- expect: false	bad argument #1 to 'dt.record' (a value for the name is missing)
