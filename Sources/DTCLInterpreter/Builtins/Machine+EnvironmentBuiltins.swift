// Built-in functions that ask the host, and those about dates.
extension Machine {
    func performEnvironment(_ call: BuiltinCall) throws(Fault) -> Value {
        switch call.builtin {
        case .argument:
            let number = try integer(call, 0)
            guard number >= 1, number <= environment.arguments.count else { return .none }
            return try make(environment.arguments[Int(number) - 1])
        case .scriptArgument:
            let number = try integer(call, 0)
            let count = environment.arguments.count
            guard number <= count else {
                throw Fault(
                    .variableUnset,
                    "the script was given \(count) argument\(count == 1 ? "" : "s"), "
                        + "so '$\(number)' was never set")
            }
            return try make(environment.arguments[Int(number) - 1])
        case .arguments: return try makeList(of: environment.arguments)
        case .argumentCount: return Value(Int64(environment.arguments.count))
        case .date: return try date(call)
        case .env:
            if let text = environment.variable(try text(call, 0)) { return try make(text) }
            return call.count > 1 ? call.arguments[1] : .none
        case .error: return try heap.pointee.make(lastError)
        case .exists: return Value(environment.fileExists(try text(call, 0)))
        case .hostname: return try make(environment.hostname())
        case .now: return Value(currentSecond)
        case .time: return try time(call)
        default: return try make(call.arguments[0].kindName)
        }
    }

    private var currentSecond: Int64 {
        Int64(exactly: environment.now().rounded(.down)) ?? 0
    }

    /// Text to seconds since 1970 (local time), or such seconds to text.
    private func date(_ call: BuiltinCall) throws(Fault) -> Value {
        let value = call.arguments[0]
        if value.isInteger {
            let offset = Int64(environment.utcOffsetSeconds(value.integer))
            guard let text = Calendar.text(value.integer, offset: offset) else {
                throw Fault(.argumentInvalid, "\(value.integer) is no date of the years 1 to 9999")
            }
            return try make(text)
        }
        let text = try text(call, 0)
        guard let local = Calendar.seconds(of: text) else {
            throw Fault(
                .argumentInvalid,
                "got '\(text)', expected a date as mm/dd/yyyy or yyyy-mm-dd, "
                    + "with hh:mm or hh:mm:ss after it or not")
        }
        // The offset is asked for at about the moment, then again at the moment itself.
        let near = local - Int64(environment.utcOffsetSeconds(local))
        return Value(local - Int64(environment.utcOffsetSeconds(near)))
    }

    /// `hh:mm[:ss]` to seconds since midnight, or such seconds to text.
    private func time(_ call: BuiltinCall) throws(Fault) -> Value {
        let value = call.arguments[0]
        if value.isInteger {
            guard 0..<86_400 ~= value.integer else {
                throw Fault(.argumentInvalid, "got \(value.integer), expected 0 to 86399 seconds")
            }
            return try make(Calendar.clock(value.integer))
        }
        let text = try text(call, 0)
        guard let seconds = Calendar.secondsOfDay(text) else {
            throw Fault(.argumentInvalid, "got '\(text)', expected a time as hh:mm or hh:mm:ss")
        }
        return Value(seconds)
    }
}

/// Dates of the Gregorian calendar, without time zones.
enum Calendar {
    /// Seconds since 1970 of `yyyy-mm-dd` or `mm/dd/yyyy`, with a time after it or not.
    static func seconds(of text: String) -> Int64? {
        let parts = text.split { $0 == " " || $0 == "T" }
        guard (1...2).contains(parts.count), let day = days(of: parts[0]) else { return nil }
        guard parts.count == 2 else { return day * 86_400 }
        return secondsOfDay(String(parts[1])).map { day * 86_400 + $0 }
    }

    static func secondsOfDay(_ text: String) -> Int64? {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        let numbers = parts.compactMap { number($0, digits: 1...2) }
        guard (2...3).contains(parts.count), numbers.count == parts.count, numbers[0] < 24,
            numbers.dropFirst().allSatisfy({ $0 < 60 })
        else { return nil }
        return numbers[0] * 3600 + numbers[1] * 60 + (numbers.count > 2 ? numbers[2] : 0)
    }

    static func clock(_ seconds: Int64) -> String {
        "\(two(seconds / 3600)):\(two(seconds / 60 % 60)):\(two(seconds % 60))"
    }

    /// `yyyy-mm-dd hh:mm:ss`; nil outside the years 1 to 9999.
    static func text(_ seconds: Int64, offset: Int64) -> String? {
        let (local, overflow) = seconds.addingReportingOverflow(offset)
        guard !overflow, local >= -62_135_596_800, local < 253_402_300_800 else { return nil }
        let day = Int64((Double(local) / 86_400).rounded(.down))
        let date = civil(fromDays: day)
        let year = String(date.year)
        let padded = String(repeating: "0", count: 4 - year.utf8.count) + year
        return "\(padded)-\(two(date.month))-\(two(date.day)) \(clock(local - day * 86_400))"
    }

    private static func two(_ number: Int64) -> String {
        number < 10 ? "0\(number)" : String(number)
    }

    private static func number(_ text: Substring, digits: ClosedRange<Int>) -> Int64? {
        guard digits.contains(text.utf8.count), text.utf8.allSatisfy({ 0x30...0x39 ~= $0 }) else {
            return nil
        }
        return Int64(text)
    }

    private static func days(of text: Substring) -> Int64? {
        let dashed = text.split(separator: "-", omittingEmptySubsequences: false)
        let slashed = text.split(separator: "/", omittingEmptySubsequences: false)
        let parts =
            dashed.count == 3
            ? dashed
            : [slashed.last, slashed.first, slashed.dropFirst().first]
                .compactMap { $0 }
        guard dashed.count == 3 || slashed.count == 3,
            let year = number(parts[0], digits: 4...4), let month = number(parts[1], digits: 1...2),
            let day = number(parts[2], digits: 1...2), year >= 1, 1...12 ~= month, day >= 1,
            day <= daysInMonth(year, month)
        else { return nil }
        return days(year, month, day)
    }

    private static func daysInMonth(_ year: Int64, _ month: Int64) -> Int64 {
        switch month {
        case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }

    /// Days since 1970-01-01. Years are taken to begin in March, so that the leap day comes last.
    private static func days(_ year: Int64, _ month: Int64, _ day: Int64) -> Int64 {
        let shifted = month <= 2 ? year - 1 : year
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        return shifted * 365 + shifted / 4 - shifted / 100 + shifted / 400 + dayOfYear - 719_468
    }

    private static func civil(fromDays days: Int64) -> (year: Int64, month: Int64, day: Int64) {
        // The year is guessed from its mean length and put right.
        let fromStart = days + 719_468
        var year = fromStart * 400 / 146_097
        while self.days(year + 1, 3, 1) <= days { year += 1 }
        while self.days(year, 3, 1) > days { year -= 1 }
        let dayOfYear = days - self.days(year, 3, 1)
        let monthFromMarch = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * monthFromMarch + 2) / 5 + 1
        let month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
        return (month <= 2 ? year + 1 : year, month, day)
    }
}
