proc main {} {
    set record [dict create]
    for {set i 1} {$i <= 1000000} {incr i} {
        dict set record "key$i" $i
    }
    puts "[dict size $record] [dict get $record key500000]"
}
main
