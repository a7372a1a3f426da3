-- Waters a bed that is dry, at once.
dt.on("bed.dry", {delay = true, priority = 10}, function(event)
    local litres = dt.water(event.bed, {time = 120})
    print(event.bed .. " was at " .. event.moisture .. " %, got " .. litres .. " litres")
end)

-- Pipes are emptied when it freezes and not before.
dt.on("before.frost", function(event)
    if event.degrees > 0 then return "veto", "it is warm" end
end)
