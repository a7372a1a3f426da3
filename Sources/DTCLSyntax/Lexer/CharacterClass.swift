/// What a byte may be part of. Bytes above 127 belong to letters of other scripts.
extension UInt8 {
    static func ascii(_ scalar: Unicode.Scalar) -> UInt8 { UInt8(ascii: scalar) }

    var isBlank: Bool { self == 0x20 || self == 0x09 || self == 0x0D }

    var isDigit: Bool { self >= 0x30 && self <= 0x39 }

    var isHexDigit: Bool {
        isDigit || (self | 0x20 >= 0x61 && self | 0x20 <= 0x66)
    }

    var isNameStart: Bool {
        (self | 0x20 >= 0x61 && self | 0x20 <= 0x7A) || self == 0x5F || self >= 0x80
    }

    var isNamePart: Bool { isNameStart || isDigit }

    /// Letters, digits and `_ - . : / * ? \ @ % + ~`: what a bare word may hold.
    var isWordPart: Bool {
        if isNamePart { return true }
        switch Unicode.Scalar(self) {
        case "-", ".", ":", "/", "*", "?", "\\", "@", "%", "+", "~": return true
        default: return false
        }
    }
}
