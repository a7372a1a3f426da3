import DTCLSyntax
import FuzzLanguage
import Testing

@Suite("Parser")
struct ParserTests {
    @Test(
        "reads expressions by precedence",
        arguments: [
            ("1 + 2 * 3", "(+ #1 (* #2 #3))"),
            ("(1 + 2) * 3", "(* (+ #1 #2) #3)"),
            ("10 - 3 - 2", "(- (- #10 #3) #2)"),
            ("NOT $a = 1 AND $b OR $c", "(OR (AND (NOT (= $a #1)) $b) $c)"),
            ("-$a * -2", "(* (- $a) (- #2))"),
            ("$a & 1 + 2 = \"x\"", "(= (& $a (+ #1 #2)) \"x\")"),
            ("$a == 1", "(= $a #1)"),
            ("$a != 1", "(<> $a #1)"),
            ("\"x\" IN $l AND $n LIKE \"a*\"", "(AND (IN \"x\" $l) (LIKE $n \"a*\"))"),
            ("$a.b[0].c", "$a.b[#0].c"),
            ("f(1)(2)", "f(#1) !statement-end-expected"),
            ("$a [0]", "$a !statement-end-expected"),
            ("(status con 1).state", "<status con #1>.state"),
            ("f((one), [two(3),])", "f(<one> [two(#3)])"),
            ("{a: {b: 1}}.a", "{a:{b:#1}}.a"),
        ])
    func readsExpressions(_ text: String, _ expected: String) {
        let dump = TreeDump.dump("$x = \(text)")
        let parts = expected.components(separatedBy: " !")
        let messages = parts.dropFirst().map { " !\($0)" }.joined()
        #expect(dump == "(set $x \(parts[0]))\(messages)")
    }

    @Test(
        "reads statements",
        arguments: [
            ("$x = mirror start 1", "(set $x <mirror start #1>)"),
            ("$x = true", "(set $x true)"),
            ("$x = NOT $y", "(set $x (NOT $y))"),
            ("$x = f(1)", "(set $x f(#1))"),
            ("$x = f (1)", "(set $x <f p#1>)"),
            ("f(1)", "(do f(#1))"),
            ("$r.a[0] = 1", "(set $r.a[#0] #1)"),
            ("IF $x THEN ping a END", "(if $x {<ping a>} {})"),
            ("IF $x\nping a\nELSE ping b END", "(if $x {<ping a>} {<ping b>})"),
            ("IF $x\n\nTHEN ping a END", "(if $x {<ping a>} {})"),
            ("WHILE $n < 3\nDO\n$n = 1\nEND", "(while (< $n #3) {(set $n #1)})"),
            ("FOR $i = 1 TO f(2) STEP -1 DO END", "(for $i #1 f(#2) (- #1) {})"),
            ("FOREACH $k, $v IN $r DO BREAK END", "(foreach $k $v $r {(break)})"),
            ("PROCEDURE f($a, $b = 2) RETURN END", "(procedure f [$a $b=#2] {(return)})"),
            ("TRY ping a CATCH $e\nping b END", "(try {<ping a>} $e {<ping b>})"),
            ("TRY ping a CATCH $e; $e = 1 END", "(try {<ping a>} $e {(set $e #1)})"),
            ("TRY ping a CATCH WRITE 1 END", "(try {<ping a>} {(write #1)})"),
            ("WRITE TO ERROR 1, 2", "(write! #1 #2)"),
            ("WAIT 10 minutes", "(wait #10 m)"),
            ("SET OPTION STRICT OFF", "(option strict(false))"),
            ("SET name = 5", "<SET name = #5>"),
            ("EXIT; EXIT 3", "(exit) (exit #3)"),
            ("REM anything \"\nping a", "(remark) <ping a>"),
        ])
    func readsStatements(_ text: String, _ expected: String) {
        #expect(TreeDump.dump(text) == expected)
    }

    @Test(
        "keeps commands as words",
        arguments: [
            ("map /srv/ to /copy/", "<map /srv/ to /copy/>"),
            ("a \"b c\" 'd$e'", "<a q\"b c\" 'd$e'>"),
            ("a $x $x.y $x[0]", "<a $x $x.y $x[#0]>"),
            ("a /b/$x/c $x/d $x.y/e", "<a j\"/b/{$x}/c\" j\"{$x}/d\" j\"{$x.y}/e\">"),
            ("a $x.", "<a j\"{$x}.\">"),
            ("a ${x.y} ${x}z", "<a $x.y j\"{$x}z\">"),
            ("a $1 /$1", "<a $1 j\"/{$1}\">"),
            ("a b=\"c\"", "<a b = q\"c\">"),
            ("a b=c,d<e>f", "<a b = c , d < e > f>"),
            (
                "a 10 10s 10.0.0.2 -5 0x1F 08/17/2015 10:30",
                "<a #10 #10 10.0.0.2 #-5 #31 08/17/2015 10:30>"
            ),
            ("a (1 + 2) [1, $x] {k: 1}", "<a p(+ #1 #2) [#1 $x] {k:#1}>"),
            ("a (b (c))", "<a p<b p<c>>>"),
            ("if_x then_y endless", "<if_x then_y endless>"),
            ("a * ? fe80::1 c:\\x ~/y", "<a * ? fe80::1 c:\\x ~/y>"),
            ("a $$x", "<a> !variable-name-expected"),
            ("a /$$x", "<a j\"/$x\">"),
        ])
    func keepsCommandsAsWords(_ text: String, _ expected: String) {
        #expect(TreeDump.dump(text) == expected)
    }

    @Test("reports several mistakes in one run and reads on")
    func reportsSeveralMistakes() {
        let script = Script.parse(
            """
            $x = 1 +
            IF $y > THEN ping a END
            ping | b
            FOR $i = 1 UNTIL 3 DO ping c END
            WHILE TRUE
              ping d
            END
            ping e
            """)
        #expect(
            script.diagnostics.map(\.id) == [
                "value-expected", "value-expected", "character-unexpected", "token-expected",
                "token-expected",
            ])
        #expect(script.commands.last?.words.last?.raw == "e")
    }

    @Test("a missing END is reported where the text ends, with the place of the block")
    func aMissingEnd() throws {
        let script = Script.parse("IF TRUE THEN\nping a\n")
        let diagnostic = try #require(script.diagnostics.first)
        #expect(diagnostic.message == "got the end of the text, expected 'END' for 'IF'")
        #expect(diagnostic.notes.first?.range == SourceRange(0, 2))
    }

    @Test("ELSE IF in two words is explained when its END is missing")
    func splitElseIf() {
        let script = Script.parse("IF $x THEN\nping a\nELSE IF $y THEN\nping b\nEND\n")
        #expect(script.diagnostics.first?.notes.last?.range == SourceRange(18, 22))
        #expect(!Script.parse("IF 1\nELSE IF 2\nEND\nEND").hasErrors)
    }

    @Test(
        "a prompt learns whether more lines are needed",
        arguments: [
            ("ping a", false), ("IF TRUE THEN", true), ("IF TRUE", true),
            ("WHILE TRUE DO\nping a\n", true),
            ("$x = [1,", true), ("$x = (1 +", true), ("ping a \\\n", true), ("limit 1,\n", true),
            ("WHILE TRUE", true), ("TRY\nping a", true), ("PROCEDURE f()\n", true),
            ("IF TRUE THEN ping a END", false), ("$x = 1 +", false), ("WRITE \"abc", false),
            ("IF | THEN", false), ("END", false), ("", false), ("# only a remark", false),
        ])
    func needsMoreInput(_ text: String, _ expected: Bool) {
        #expect(Script.parse(text).needsMoreInput == expected)
    }

    @Test("finds commands everywhere in the tree")
    func findsCommands() {
        let script = Script.parse(
            """
            PROCEDURE f($a = (one)) RETURN (two) END
            IF (three) THEN four (five) ELSE $x[(six)] = seven END
            TRY eight CATCH WRITE (nine) END
            """)
        #expect(
            script.commands.map { $0.words[0].raw } == [
                "one", "two", "three", "four", "five", "six", "seven", "eight", "nine",
            ])
    }
}

extension String {
    func components(separatedBy separator: String) -> [String] {
        var parts: [String] = []
        var current = ""
        var rest = self[...]
        while !rest.isEmpty {
            if rest.hasPrefix(separator) {
                parts.append(current)
                current = ""
                rest = rest.dropFirst(separator.count)
            } else {
                current.append(rest.removeFirst())
            }
        }
        return parts + [current]
    }
}
