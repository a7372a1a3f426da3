local record, count = {}, 0
for i = 1, 1000000 do
  record["key" .. i] = i
  count = count + 1
end
print(count .. " " .. record["key500000"])
