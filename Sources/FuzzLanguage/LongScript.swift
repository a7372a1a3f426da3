/// A script of a given size in the manner of people: commands, conditions, loops, procedures,
/// comments. For measuring.
package enum LongScript {
    package static func make(bytes count: Int) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(count + 1024)
        var number = 0
        while bytes.count < count {
            bytes += section(number).utf8
            number += 1
        }
        return bytes
    }

    private static func section(_ number: Int) -> String {
        """
        # Protects the set \(number) and looks whether it went well.
        $set\(number % 97) = "nightly\(number)"
        $limit = 64KB * (\(number % 1000) + 3)

        source alpha
        repset create $set\(number % 97)
        repset rule add "/srv/data/\(number)" include to $set\(number % 97)
        repset rule add "/srv/data/\(number)/cache" exclude to $set\(number % 97)
        repset save
        $con = connect $set\(number % 97) to 10.52.21.\(number % 250) map exact
        IF $con < 0 THEN
            WRITE TO ERROR "cannot connect $set\(number % 97): ${con}", error().message
            EXIT 1
        ELSEIF $con > 100 AND NOT $set\(number % 97) LIKE "nightly*" THEN
            limit bandwidth 19300, 5 to beta  // slow lines
        END
        FOR $round = 1 TO 10 DO
            $status = status connection $con
            IF $status.mirrorState = "Idle" OR $status.queueBytes < $limit THEN BREAK END
            WAIT 500ms
        END
        FOREACH $name, $value IN {size: \(number), kind: "set", list: [1, 2, 3.5]} DO
            $lines = append([$name], upper($value & "-" & $round % 7))
        END
        TRY mirror start $con CATCH $problem
            WRITE "failed: ", $problem.message, " in line ", $problem.line
        END

        """ + procedure(number)
    }

    private static func procedure(_ number: Int) -> String {
        guard number % 8 == 0 else { return "" }
        return """
            PROCEDURE distance\(number)($a, $b = 10m)
                IF $a < $b THEN RETURN $b - $a END
                RETURN ($a - $b) * 2
            END

            """
    }
}
