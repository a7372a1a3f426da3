import Testing

@testable import Identity

@Suite struct FingerprintTests {
    private static let digits = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

    @Test func itIsTheSumOfTheBytesInLowerCase() {
        #expect(Fingerprint(ofDER: []).hex == Self.digits)
        #expect("\(Fingerprint(ofDER: []))" == Self.digits)
    }

    @Test func eitherCaseAndColonsAreUnderstood() {
        var withColons = ""
        for (index, digit) in Self.digits.uppercased().enumerated() {
            if index > 0, index % 2 == 0 { withColons += ":" }
            withColons.append(digit)
        }
        #expect(Fingerprint(withColons) == Fingerprint(ofDER: []))
    }

    @Test(arguments: ["", "e3", String(digits.dropLast()), digits + "0", "g" + digits.dropFirst()])
    func anythingElseIsNone(text: String) {
        #expect(Fingerprint(text) == nil)
    }

    @Test func pinsComeAndGo() {
        let first = Fingerprint(ofDER: [1])
        let second = Fingerprint(ofDER: [2])
        let pins = PinStore([first])
        #expect(pins.contains(first) && !pins.contains(second))
        pins.add(second)
        pins.remove(first)
        #expect(!pins.contains(first) && pins.contains(second))
        pins.replace(with: [first])
        #expect(pins.all == [first])
    }
}
