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
        do {
            return .success(try parse(spelling))
        } catch {
            return .failure(error)
        }
    }

    public struct ReadError: Error, Sendable, Hashable {
        public var problem: Problem
    }

    private static func parse(
        _ spelling: some StringProtocol
    ) throws(ReadError) -> NumberLiteral {
        var bytes = Array(spelling.utf8)[...]
        let isNegative = bytes.first == .ascii("-")
        if isNegative { bytes = bytes.dropFirst() }
        guard bytes.first?.isDigit == true else { throw ReadError(problem: .notANumber) }
        if bytes.count > 1, bytes.first == .ascii("0"),
            bytes[bytes.startIndex + 1] | 0x20 == .ascii("x")
        {
            return try hexadecimal(bytes.dropFirst(2), isNegative: isNegative)
        }
        let split = mantissa(of: bytes)
        let unitText = String(decoding: bytes[split.end...], as: UTF8.self)
        guard unitText.utf8.allSatisfy({ $0 | 0x20 >= 0x61 && $0 | 0x20 <= 0x7A }) else {
            throw ReadError(problem: .notANumber)
        }
        var unit: Unit?
        if !unitText.isEmpty {
            unit = Unit(spelling: unitText)
            if unit == nil { throw ReadError(problem: .unknownUnit(unitText)) }
        }
        let digits = (isNegative ? "-" : "") + String(decoding: bytes[..<split.end], as: UTF8.self)
        return NumberLiteral(
            value: try value(of: digits, isDecimal: split.isDecimal, unit: unit), unit: unit)
    }

    private static func hexadecimal(
        _ digits: ArraySlice<UInt8>, isNegative: Bool
    ) throws(ReadError) -> NumberLiteral {
        guard !digits.isEmpty, digits.allSatisfy(\.isHexDigit) else {
            throw ReadError(problem: .notANumber)
        }
        let text = (isNegative ? "-" : "") + String(decoding: digits, as: UTF8.self)
        guard let value = Int64(text, radix: 16) else { throw ReadError(problem: .tooLarge) }
        return NumberLiteral(value: .integer(value), unit: nil)
    }

    /// Digits, then perhaps a point and digits, then perhaps an exponent.
    private static func mantissa(of bytes: ArraySlice<UInt8>) -> (end: Int, isDecimal: Bool) {
        var end = bytes.prefix(while: \.isDigit).endIndex
        guard end + 1 < bytes.endIndex, bytes[end] == .ascii("."), bytes[end + 1].isDigit else {
            return (end, false)
        }
        end = bytes[(end + 1)...].prefix(while: \.isDigit).endIndex
        guard end + 1 < bytes.endIndex, bytes[end] | 0x20 == .ascii("e") else { return (end, true) }
        var exponent = end + 1
        if bytes[exponent] == .ascii("+") || bytes[exponent] == .ascii("-") { exponent += 1 }
        let exponentEnd = bytes[exponent...].prefix(while: \.isDigit).endIndex
        return exponentEnd > exponent ? (exponentEnd, true) : (end, true)
    }

    private static func value(
        of digits: String, isDecimal: Bool, unit: Unit?
    ) throws(ReadError) -> Value {
        if isDecimal {
            guard let number = Double(digits), number.isFinite else {
                throw ReadError(problem: .tooLarge)
            }
            guard let unit else { return .decimal(number) }
            let scaled = unit == .milliseconds ? number / 1000 : number * Double(unit.factor)
            return exactInteger(scaled)
        }
        guard let number = Int64(digits) else { throw ReadError(problem: .tooLarge) }
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
