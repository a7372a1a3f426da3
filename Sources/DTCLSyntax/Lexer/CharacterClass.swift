/// What a byte may be part of. Bytes above 127 belong to letters of other scripts.
extension UInt8 {
    static func ascii(_ scalar: Unicode.Scalar) -> UInt8 { UInt8(ascii: scalar) }

    @inline(__always)
    var isBlank: Bool { self == 0x20 || self == 0x09 || self == 0x0D }

    @inline(__always)
    var isDigit: Bool { self >= 0x30 && self <= 0x39 }

    var isHexDigit: Bool {
        isDigit || (self | 0x20 >= 0x61 && self | 0x20 <= 0x66)
    }

    @inline(__always)
    var isNameStart: Bool {
        (self | 0x20 >= 0x61 && self | 0x20 <= 0x7A) || self == 0x5F || self >= 0x80
    }

    @inline(__always)
    var isNamePart: Bool { isNameStart || isDigit }

    /// Letters, digits and `_ - . : / * ? \ @ % + ~`: what a bare word may hold.
    @inline(__always)
    var isWordPart: Bool {
        if self >= 0x80 { return true }
        let table = self < 64 ? CharacterClass.lowWordParts : CharacterClass.highWordParts
        return table >> UInt64(self & 63) & 1 != 0
    }
}

/// Word characters, one bit for each ASCII character; written out because they are asked for with
/// every byte. A test compares them with the characters.
private enum CharacterClass {
    static let lowWordParts: UInt64 = 0x87FF_EC20_0000_0000
    static let highWordParts: UInt64 = 0x47FF_FFFE_97FF_FFFF
}
