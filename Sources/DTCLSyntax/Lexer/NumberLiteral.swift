/// A number as written, with its unit applied.
public struct NumberLiteral: Sendable, Hashable {
    public enum Value: Sendable, Hashable {
        case integer(Int64)
        case decimal(Double)
    }

    /// Sizes count in bytes (powers of 1024), times in seconds.
    public enum Unit: String, Sendable, CaseIterable {
        case kilobytes = "KB"
        case megabytes = "MB"
        case gigabytes = "GB"
        case terabytes = "TB"
        case milliseconds = "ms"
        case seconds = "s"
        case minutes = "m"
        case hours = "h"
        case days = "d"

        public var isTime: Bool {
            switch self {
            case .milliseconds, .seconds, .minutes, .hours, .days: true
            default: false
            }
        }

        /// A lone capital M could be minutes or megabytes, so it is neither.
        init?(spelling: String) {
            if let exact = Unit(rawValue: spelling) {
                self = exact
            } else if spelling != "M", let upper = Unit(rawValue: spelling.uppercased()) {
                self = upper
            } else if spelling != "M", let lower = Unit(rawValue: spelling.lowercased()) {
                self = lower
            } else {
                return nil
            }
        }

        /// What one of the unit is worth; milliseconds are divided instead.
        var factor: Int64 {
            switch self {
            case .kilobytes: 1 << 10
            case .megabytes: 1 << 20
            case .gigabytes: 1 << 30
            case .terabytes: 1 << 40
            case .milliseconds: 1
            case .seconds: 1
            case .minutes: 60
            case .hours: 3_600
            case .days: 86_400
            }
        }
    }

    public enum Problem: Sendable, Hashable {
        case notANumber
        case unknownUnit(String)
        case tooLarge
    }

    public var value: Value
    public var unit: Unit?

    public init(value: Value, unit: Unit?) {
        self.value = value
        self.unit = unit
    }

    /// Reads a whole spelling such as `42`, `-3`, `0x1F`, `2.5`, `64KB`, `500ms`.
    public static func read(_ spelling: some StringProtocol) -> Result<NumberLiteral, ReadError> {
        var spelling = String(spelling)
        return spelling.withUTF8 { read(bytes: $0) }
    }

    static func read(bytes: UnsafeBufferPointer<UInt8>) -> Result<NumberLiteral, ReadError> {
        do throws(ReadError) {
            return .success(try parse(bytes))
        } catch {
            return .failure(error)
        }
    }

    public struct ReadError: Error, Sendable, Hashable {
        public var problem: Problem
    }

    private static func parse(
        _ spelling: UnsafeBufferPointer<UInt8>
    ) throws(ReadError) -> NumberLiteral {
        let isNegative = spelling.first == .ascii("-")
        let start = isNegative ? 1 : 0
        guard spelling.count > start, spelling[start].isDigit else {
            throw ReadError(problem: .notANumber)
        }
        if spelling.count > start + 1, spelling[start] == .ascii("0"),
            spelling[start + 1] | 0x20 == .ascii("x")
        {
            return try hexadecimal(spelling, from: start + 2, isNegative: isNegative)
        }
        let split = mantissa(of: spelling, from: start)
        let unit = try unit(of: spelling, from: split.end)
        if !split.isDecimal {
            let number = try integer(spelling, start, split.end, isNegative: isNegative)
            return NumberLiteral(value: try value(of: number, unit), unit: unit)
        }
        let digits = String(decoding: spelling[..<split.end], as: UTF8.self)
        guard let number = Double(digits), number.isFinite else {
            throw ReadError(problem: .tooLarge)
        }
        guard let unit else { return NumberLiteral(value: .decimal(number), unit: nil) }
        let scaled = unit == .milliseconds ? number / 1000 : number * Double(unit.factor)
        return NumberLiteral(value: exactInteger(scaled), unit: unit)
    }

    private static func unit(
        of spelling: UnsafeBufferPointer<UInt8>, from start: Int
    ) throws(ReadError) -> Unit? {
        if start == spelling.count { return nil }
        for place in start..<spelling.count {
            let isLetter = spelling[place] | 0x20 >= 0x61 && spelling[place] | 0x20 <= 0x7A
            if !isLetter { throw ReadError(problem: .notANumber) }
        }
        let text = String(decoding: spelling[start...], as: UTF8.self)
        guard let unit = Unit(spelling: text) else { throw ReadError(problem: .unknownUnit(text)) }
        return unit
    }

    private static func integer(
        _ spelling: UnsafeBufferPointer<UInt8>, _ start: Int, _ end: Int, isNegative: Bool
    ) throws(ReadError) -> Int64 {
        // Counted below zero, where there is room for one more.
        var number: Int64 = 0
        for place in start..<end {
            let (product, isTooLarge) = number.multipliedReportingOverflow(by: 10)
            let (next, isBelow) = product.subtractingReportingOverflow(
                Int64(spelling[place] & 0x0F))
            if isTooLarge || isBelow { throw ReadError(problem: .tooLarge) }
            number = next
        }
        if isNegative { return number }
        guard number != .min else { throw ReadError(problem: .tooLarge) }
        return -number
    }

    private static func hexadecimal(
        _ spelling: UnsafeBufferPointer<UInt8>, from start: Int, isNegative: Bool
    ) throws(ReadError) -> NumberLiteral {
        let digits = spelling[start...]
        guard !digits.isEmpty, digits.allSatisfy(\.isHexDigit) else {
            throw ReadError(problem: .notANumber)
        }
        let text = (isNegative ? "-" : "") + String(decoding: digits, as: UTF8.self)
        guard let value = Int64(text, radix: 16) else { throw ReadError(problem: .tooLarge) }
        return NumberLiteral(value: .integer(value), unit: nil)
    }

    /// Digits, then perhaps a point and digits, then perhaps an exponent.
    private static func mantissa(
        of bytes: UnsafeBufferPointer<UInt8>, from start: Int
    ) -> (end: Int, isDecimal: Bool) {
        var end = digitsEnd(bytes, start)
        guard end + 1 < bytes.count, bytes[end] == .ascii("."), bytes[end + 1].isDigit else {
            return (end, false)
        }
        end = digitsEnd(bytes, end + 1)
        guard end + 1 < bytes.count, bytes[end] | 0x20 == .ascii("e") else { return (end, true) }
        var exponent = end + 1
        if bytes[exponent] == .ascii("+") || bytes[exponent] == .ascii("-") { exponent += 1 }
        let exponentEnd = digitsEnd(bytes, exponent)
        return exponentEnd > exponent ? (exponentEnd, true) : (end, true)
    }

    private static func digitsEnd(_ bytes: UnsafeBufferPointer<UInt8>, _ start: Int) -> Int {
        var end = start
        while end < bytes.count, bytes[end].isDigit { end += 1 }
        return end
    }

    private static func value(of number: Int64, _ unit: Unit?) throws(ReadError) -> Value {
        guard let unit else { return .integer(number) }
        if unit == .milliseconds {
            return number % 1000 == 0 ? .integer(number / 1000) : .decimal(Double(number) / 1000)
        }
        let (product, overflow) = number.multipliedReportingOverflow(by: unit.factor)
        if overflow { throw ReadError(problem: .tooLarge) }
        return .integer(product)
    }

    /// `1.5h` is the integer 5400; `0.5s` stays a decimal.
    private static func exactInteger(_ number: Double) -> Value {
        if let integer = Int64(exactly: number) { return .integer(integer) }
        return .decimal(number)
    }
}
