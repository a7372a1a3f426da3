import CaptureControl
import Testing

@Suite struct SelectionRulesTests {
    private func rules(_ lines: [(UInt8, Bool, Bool, String)]) -> SelectionRules {
        SelectionRules(
            generation: 1,
            lines.map {
                SelectionRule(bit: $0.0, includes: $0.1, isRecursive: $0.2, path: Array($0.3.utf8))
            })
    }

    private func membership(
        _ rules: SelectionRules, _ path: String, isDirectory: Bool = false
    ) -> UInt16 {
        rules.membership(of: Array(path.utf8), isDirectory: isDirectory)
    }

    @Test func `no rules hold nothing`() {
        #expect(membership(.none, "/a") == 0)
    }

    @Test func `a recursive rule holds its path and all below, by whole names`() {
        let rules = rules([(0, true, true, "/data/x")])
        #expect(membership(rules, "/data/x", isDirectory: true) == 1)
        #expect(membership(rules, "/data/x/y/z") == 1)
        #expect(membership(rules, "/data/xy") == 0)
        #expect(membership(rules, "/data") == 0)
    }

    @Test func `a rule that is not recursive holds files directly in it`() {
        let rules = rules([(2, true, false, "/data")])
        #expect(membership(rules, "/data", isDirectory: true) == 4)
        #expect(membership(rules, "/data/file") == 4)
        #expect(membership(rules, "/data/folder", isDirectory: true) == 0)
        #expect(membership(rules, "/data/folder/file") == 0)
    }

    @Test func `the most specific rule decides, and exclusion where two are equal`() {
        let rules = rules([
            (0, true, true, "/d"), (0, false, true, "/d/cache"), (0, true, true, "/d/cache/keep"),
            (0, true, true, "/d/both"), (0, false, true, "/d/both"),
        ])
        #expect(membership(rules, "/d/a") == 1)
        #expect(membership(rules, "/d/cache/a") == 0)
        #expect(membership(rules, "/d/cache/keep/a") == 1)
        #expect(membership(rules, "/d/both/a") == 0)
    }

    @Test func `wild cards in the last name hold entries at any depth if recursive`() {
        let rules = rules([
            (0, true, true, "/d"), (0, false, true, "/d/*.tmp"), (1, true, false, "/d/?.txt"),
        ])
        #expect(membership(rules, "/d/a.txt") == 3)
        #expect(membership(rules, "/d/ab.txt") == 1)
        #expect(membership(rules, "/d/e/a.txt") == 1)
        #expect(membership(rules, "/d/a.tmp") == 0)
        #expect(membership(rules, "/d/e/f/a.tmp") == 0)
        #expect(membership(rules, "/d/e.tmp/inside") == 0)
    }

    @Test func `wild cards in a folder's name stand for one name`() {
        let rules = rules([(0, true, true, "/home/*/mail")])
        #expect(membership(rules, "/home/anna/mail/inbox") == 1)
        #expect(membership(rules, "/home/anna/deeper/mail/inbox") == 0)
    }

    @Test(arguments: [
        ("*", "", true), ("*", "abc", true), ("a*c", "abbc", true), ("a*c", "abcd", false),
        ("*a*b*", "xxaxxbxx", true), ("?", "", false), ("??", "ab", true), ("a**b", "ab", true),
        ("*ab", "aab", true), ("a", "A", false),
    ])
    func `wild cards match`(pattern: String, text: String, matches: Bool) {
        #expect(Wildcard.matches(Array(pattern.utf8), Array(text.utf8)[...]) == matches)
    }

    @Test func `sets are apart from each other`() {
        let rules = rules([(0, true, true, "/a"), (15, true, true, "/"), (3, false, true, "/a")])
        #expect(membership(rules, "/a/b") == 1 | 1 << 15)
        #expect(membership(rules, "/b") == 1 << 15)
        #expect(rules.allBits == 1 | 1 << 15 | 1 << 3)
    }
}
