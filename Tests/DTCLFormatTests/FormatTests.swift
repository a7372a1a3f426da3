import DTCLFormat
import DTCLSyntax
import Testing

@Suite("Formatter")
struct FormatTests {
    private func formatted(_ text: String) -> String? {
        ScriptFormatter.format(Script.parse(text)).map { String(decoding: $0, as: UTF8.self) }
    }

    @Test(
        "lays a statement out",
        arguments: [
            ("$x=1+2*-3", "$x = 1 + 2 * -3"),
            ("$x = - -1", "$x = --1"),
            ("$x = $a - -1 -$b", "$x = $a - -1 - $b"),
            ("$x = not $a=1 and true or none<>$b", "$x = NOT $a = 1 AND TRUE OR NONE <> $b"),
            ("$x = \"a\"IN$l", "$x = \"a\" IN $l"),
            ("$x=f( 1,g(2 ) )", "$x = f(1, g(2))"),
            ("$x = [ 1,2 , ]", "$x = [1, 2,]"),
            ("$x={ a:1,\"b c\" : $y.z[ 0 ] }", "$x = {a: 1, \"b c\": $y.z[0]}"),
            ("$x=$a.b[0].c [1]", nil),
            ("$r.list[0][\"k\"]=1", "$r.list[0][\"k\"] = 1"),
            ("$x=(status   con 1).mirrorState", "$x = (status con 1).mirrorState"),
            ("  connect  docs   to beta", "connect docs to beta"),
            (
                "a onqueue=\"x\" \"y\" timeout=10 minutes",
                "a onqueue = \"x\" \"y\" timeout = 10 minutes"
            ),
            ("limit bandwidth 19300,5 to beta", "limit bandwidth 19300, 5 to beta"),
            ("a /srv/$set $x/y $a-$b $x.y/e", "a /srv/$set $x/y $a-$b $x.y/e"),
            ("a ( 1+2 ) [1,2] { k:1 }", "a (1 + 2) [1, 2] {k: 1}"),
            ("a if queue>10MB", "a if queue > 10MB"),
            ("a b>//c", "a b >//c"),
            ("write 'if', to", nil),
            ("write\"x\",$n", "WRITE \"x\", $n"),
            ("write to error 1", "WRITE TO ERROR 1"),
            ("wait 10 Minutes", "WAIT 10 Minutes"),
            ("set option strict off", "SET OPTION strict off"),
            ("set name=5", "set name = 5"),
            ("rem  if  this", "REM  if  this"),
            ("exit -1", "EXIT -1"),
            ("return(1)", "RETURN (1)"),
            ("$x = true[0]", "$x = TRUE[0]"),
            ("ping a;ping b ; ; ping c", "ping a\nping b\nping c"),
            ("", ""), ("\n\n", ""), ("# x  ", "# x"),
            ("\u{FEFF}ping a\r\n", "ping a"),
        ])
    func laysAStatementOut(_ text: String, _ expected: String?) {
        let wanted = expected.map { $0.isEmpty ? "" : $0 + "\n" }
        #expect(formatted(text) == wanted)
        if let wanted { #expect(formatted(wanted) == wanted) }
    }

    @Test(
        "lays blocks out",
        arguments: [
            (
                "if $x>1 then ping a end",
                "IF $x > 1 THEN ping a END"
            ),
            (
                "if $x\nping a\nelseif $y\n\n  then # why\n\nping b\n\n\n# before\n\nelse\nend",
                """
                IF $x THEN
                    ping a
                ELSEIF $y THEN
                    # why

                    ping b

                    # before
                ELSE
                END
                """
            ),
            (
                "while true\ndo;ping a;;ping b end;ping c",
                "WHILE TRUE DO\n    ping a\n    ping b\nEND\nping c"
            ),
            (
                "try ping a catch $e;write $e end",
                "TRY ping a CATCH $e; WRITE $e END"
            ),
            (
                "try\nping a;catch;$e=1 end",
                "TRY\n    ping a\nCATCH\n    $e = 1\nEND"
            ),
            (
                "try ; ping a; catch; $e=1; end",
                "TRY ping a CATCH; $e = 1 END"
            ),
            (
                "procedure f($a,$b=(1)) return $a end",
                "PROCEDURE f($a, $b = (1)) RETURN $a END"
            ),
            (
                "procedure f($a,\n$b=(1)) # x\nreturn $a end # y",
                "PROCEDURE f($a,\n    $b = (1))  # x\n    RETURN $a\nEND  # y"
            ),
            (
                "for $i=10 to 1 step -1 do foreach $k,$v in $r do break end end",
                "FOR $i = 10 TO 1 STEP -1 DO FOREACH $k, $v IN $r DO BREAK END END"
            ),
            (
                "IF $a THEN ping \\; END\nping b \\;\nping c",
                "IF $a THEN ping \\ END\nping b \\;\nping c"
            ),
            (
                "IF TRUE THEN REM nothing; END\nEND",
                "IF TRUE THEN\n    REM nothing; END\nEND"
            ),
        ])
    func laysBlocksOut(_ text: String, _ expected: String) {
        #expect(formatted(text) == expected + "\n")
        #expect(formatted(expected) == expected + "\n")
    }

    @Test("a block that is too long for one line is opened up, its inner ones are not")
    func tooLongForOneLine() {
        let inner = "IF $a THEN ping \(String(repeating: "x", count: 60)) END"
        let text = "WHILE TRUE DO \(inner); \(inner) END"
        let expected = "WHILE TRUE DO\n    \(inner)\n    \(inner)\nEND\n"
        #expect(formatted(text) == expected)
        #expect(formatted(expected) == expected)
    }

    @Test(
        "keeps the line breaks inside a statement",
        arguments: [
            (
                "$x=[\n1, # one\n # two\n[2,\n3],\n]",
                "$x = [\n    1,  # one\n    # two\n    [2,\n        3],\n]"
            ),
            ("connect a \\\n \\\n to b,\n c", "connect a \\\n    to b,\n    c"),
            ("f({a: 1,\nb: [\n2\n]})", "f({a: 1,\n    b: [\n        2\n    ]})"),
            ("ping a \\\n # said\nping b", "ping a\n# said\nping b"),
            ("a, # c\n ;b", "a,;  # c\nb"),
            ("a (b\n\\\nc)", "a (b\n    \\ c)"),
            ("procedure f()//x\nend", "PROCEDURE f()  //x\nEND"),
            ("if $x then a,\n# c\nend", "IF $x THEN\n    a,;\n    # c\nEND"),
            ("$x = (1\n - 2)", "$x = (1\n    - 2)"),
            ("$x = (1 -\n -2)", "$x = (1 -\n    -2)"),
        ])
    func keepsLineBreaks(_ text: String, _ expected: String) {
        #expect(formatted(text) == expected + "\n")
        #expect(formatted(expected) == expected + "\n")
    }

    @Test("what has an error is left alone", arguments: ["IF", "ping |", "$x = ", "END", "\"x"])
    func refusesErrors(_ text: String) {
        #expect(ScriptFormatter.format(Script.parse(text)) == nil)
    }
}
