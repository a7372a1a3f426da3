import DTCLSyntax

/// Texts for the parser, each from a seed: samples that were changed a little, pieces of the
/// language in a row, and bytes at random.
package struct SyntaxInputs: Sendable {
    private let samples: [[UInt8]]

    /// With further samples, such as the files of a corpus.
    package init(samples: [[UInt8]] = []) {
        self.samples = samples.filter { $0.count <= 4096 } + SyntaxInputs.own.map { Array($0.utf8) }
    }

    package func input(seed: UInt64) -> [UInt8] {
        var random = SeededGenerator(seed: seed)
        switch random.below(10) {
        case 0: return bytes(&random)
        case 1: return pieces(&random)
        case 2: return Scrambler.scramble(ProgramGenerator.script(&random), &random)
        default: return mutated(&random)
        }
    }

    private func bytes(_ random: inout SeededGenerator) -> [UInt8] {
        (0..<random.below(120)).map { _ in UInt8(truncatingIfNeeded: random.next()) }
    }

    private func pieces(_ random: inout SeededGenerator) -> [UInt8] {
        var bytes: [UInt8] = []
        for _ in 0..<random.below(40) {
            bytes += random.pick(SyntaxInputs.pieces).utf8
            if random.below(3) > 0 { bytes.append(0x20) }
        }
        return bytes
    }

    private func mutated(_ random: inout SeededGenerator) -> [UInt8] {
        var bytes = random.pick(samples)
        for _ in 0...random.below(8) {
            let place = random.below(bytes.count + 1)
            switch random.below(6) {
            case 0: bytes.insert(UInt8(random.below(128)), at: place)
            case 1: if place < bytes.count { bytes.remove(at: place) }
            case 2: if random.below(4) == 0 { bytes.removeSubrange(place..<bytes.count) }
            case 3: bytes.insert(contentsOf: random.pick(samples), at: place)
            case 4:
                if place < bytes.count { bytes[place] = UInt8(truncatingIfNeeded: random.next()) }
            default: bytes.insert(contentsOf: random.pick(SyntaxInputs.pieces).utf8, at: place)
            }
        }
        return bytes
    }

    static let pieces: [String] =
        TokenKind.allCases.compactMap(\.spelling) + Keyword.allCases.map(\.rawValue)
        + [
            "\n", "\n", ";", " ", "\\\n", " \\\n", "\\", "\"", "\"a\"", "'", "'b'", "$", "${", "$x",
            "$1", "${a.b}", "//", "# c\n", "#", "10MB", "0x", "0x1F", "1.5e3", "é", "\r\n",
            "\u{FEFF}",
            "f(", "/copy/", "10.0.0.2", "end", "then", "!=", "REM x\n", "map", ", ", "\t",
        ]

    private static let own = [
        "$x = $a OR $b AND NOT $c = 1 + 2 * 3 & \"x\"\n",
        "IF $x > 1\n  ping alpha\nELSEIF $x = 1 THEN\n  ping beta\nELSE\n  ping gamma\nEND\n",
        "TRY mirror start 1 CATCH $error\n  WRITE $error.code\nEND\nTRY a CATCH WRITE \"no\" END",
        "connect docs to beta map \"/srv\" to /copy/$set/${set.name}, '/a b' to \"/b$1\" # why\n",
        "$x = [\n  1, # one\n  [2, 3],\n  {name: \"x\", 'two words': (status connection 1)},\n]\n",
        "PROCEDURE add($a, $b = $a + 1)\n  RETURN $a + $b\nEND\nWRITE add(1), length(\"é\")\n",
        "FOREACH $key, $value IN {a: 1} DO WRITE TO ERROR $key; CONTINUE END\n",
        "FOR $i = 10 TO 1 STEP -1 DO $r.list[$i][\"k\"] = -$i / 2 END; EXIT 3\n",
        "SET OPTION TIMEOUT 5 minutes\nWAIT 500ms\nWAIT FOREVER\nINCLUDE \"a.dtcl\"\n",
        "REM IF this were read, it would be an \"error\n// so would (this\n",
        "limit 19300, 5 to \\\n b\n",
    ]
}
