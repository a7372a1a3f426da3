import CommandModel

/// How dates, times of day and days of the week are written in a command.
enum Calendar {
    /// `mm/dd/yyyy` or `yyyy-mm-dd` of a day that exists, as `yyyy-mm-dd`.
    static func date(_ text: String) -> CommandValue? {
        let american = numbers(text, "/", [1...2, 1...2, 4...4])
        let standard = numbers(text, "-", [4...4, 1...2, 1...2])
        guard
            let (year, month, day) = american.map({ ($0[2], $0[0], $0[1]) })
                ?? standard.map({ ($0[0], $0[1], $0[2]) }),
            (1...12).contains(month), (1...days(in: month, of: year)).contains(day), year > 0
        else { return nil }
        return .text("\(padded(year, 4))-\(padded(month, 2))-\(padded(day, 2))")
    }

    /// `hh:mm` or `hh:mm:ss` as seconds of the day.
    static func timeOfDay(_ text: String) -> CommandValue? {
        let shapes: [[ClosedRange<Int>]] = [[1...2, 2...2], [1...2, 2...2, 2...2]]
        for shape in shapes {
            guard let parts = numbers(text, ":", shape) else { continue }
            let seconds = parts.count > 2 ? parts[2] : 0
            guard parts[0] < 24, parts[1] < 60, seconds < 60 else { return nil }
            return .integer(Int64(parts[0] * 3_600 + parts[1] * 60 + seconds))
        }
        return nil
    }

    private static let weekdayNames = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]

    static func isWeekday(_ value: CommandValue) -> Bool {
        value.text.map { weekdayNames.contains($0) } ?? false
    }

    /// Days and ranges of days, apart by blanks or commas; the names may be written in full.
    static func weekdays(_ text: String) -> CommandValue? {
        var chosen: Set<Int> = []
        let parts = text.lowercased().split { $0 == " " || $0 == "," }
        for part in parts {
            switch part {
            case "daily", "always": chosen.formUnion(0...6)
            case "weekdays": chosen.formUnion(0...4)
            case "weekend", "weekends": chosen.formUnion(5...6)
            default:
                let ends = part.split(separator: "-", omittingEmptySubsequences: false)
                let places = ends.compactMap(weekday)
                guard places.count == ends.count, (1...2).contains(ends.count) else { return nil }
                var day = places[0]
                chosen.insert(day)
                while day != places[places.count - 1] {
                    day = (day + 1) % 7
                    chosen.insert(day)
                }
            }
        }
        guard !chosen.isEmpty else { return nil }
        return .list(chosen.sorted().map { .text(weekdayNames[$0]) })
    }

    private static func weekday(_ word: Substring) -> Int? {
        let full = [
            "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday",
        ]
        return word.count < 3 ? nil : full.firstIndex { $0.hasPrefix(word) }
    }

    private static func days(in month: Int, of year: Int) -> Int {
        let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
        return [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1]
    }

    /// Parts of digits only, with so many digits each.
    private static func numbers(
        _ text: String, _ separator: Character, _ shape: [ClosedRange<Int>]
    ) -> [Int]? {
        let parts = text.split(separator: separator, omittingEmptySubsequences: false)
        guard parts.count == shape.count else { return nil }
        var numbers: [Int] = []
        for (part, digits) in zip(parts, shape) {
            guard digits.contains(part.utf8.count),
                part.utf8.allSatisfy({ (48...57).contains($0) }),
                let number = Int(part)
            else { return nil }
            numbers.append(number)
        }
        return numbers
    }

    private static func padded(_ number: Int, _ digits: Int) -> String {
        let text = String(number)
        return String(repeating: "0", count: max(0, digits - text.count)) + text
    }
}
