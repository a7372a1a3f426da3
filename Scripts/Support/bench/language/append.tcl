proc main {} {
    set text ""
    for {set i 1} {$i <= 2000000} {incr i} {
        append text "line " $i
    }
    puts [string length $text]
}
main
