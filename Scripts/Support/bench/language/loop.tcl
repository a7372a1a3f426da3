proc main {} {
    set sum 0
    for {set i 1} {$i <= 20000000} {incr i} {
        set sum [expr {$sum + $i % 7}]
    }
    puts $sum
}
main
