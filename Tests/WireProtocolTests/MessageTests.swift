import ReplicationModel
import Testing

@testable import WireProtocol

@Suite struct MessageTests {
    @Test func everyMessageComesBackAsItWasSent() throws {
        for message in Samples.messages { try Self.checkRoundTrip(message) }
    }

    private static func checkRoundTrip<Message: WireMessage>(_ message: Message) throws {
        let frame = try message.frame(connection: 3)
        let header = try decodeHeader(frame)
        #expect(header.kind == Message.kind)
        #expect(header.connection == 3)
        let body = Array(frame[32...])
        try body.withUnsafeBytes { try header.check($0) }
        #expect(try Message.decode(body) == message)
    }

    @Test func everyMessageCutAnywhereIsTruncated() throws {
        for message in Samples.messages { try Self.checkCuts(message) }
    }

    private static func checkCuts<Message: WireMessage>(_ message: Message) throws {
        let body = try message.bodyBytes
        for count in 0..<body.count {
            #expect(throws: WireError.truncated, "\(Message.kind), \(count) bytes") {
                try Message.decode(Array(body[..<count]))
            }
        }
    }

    @Test func bytesAfterTheEndAreRefusedExceptInAHello() throws {
        for message in Samples.messages { try Self.checkTail(message) }
    }

    private static func checkTail<Message: WireMessage>(_ message: Message) throws {
        let body = try message.bodyBytes + [0]
        if Message.mayGrow {
            #expect(try Message.decode(body) == message)
        } else {
            #expect(throws: WireError.trailingBytes(1)) { try Message.decode(body) }
        }
    }

    @Test func aListThatClaimsMoreThanItsBytesMakesNoRoomForIt() throws {
        var body = try Samples.inspect.bodyBytes
        // The count stands after request, question, mapping and a path of 3 bytes.
        for place in 16..<20 { body[place] = 0xFF }
        #expect(throws: WireError.truncated) { try Inspect.decode(body) }
    }

    @Test func aTextThatIsNotUTF8IsRefused() {
        #expect(throws: WireError.badText) {
            try Refuse.decode([0, 0, 0, 0, 2, 0, 0xC3, 0x28])
        }
    }

    @Test func aTruthIsZeroOrOne() throws {
        var body = try Samples.opened.bodyBytes
        body[0] = 2
        #expect(throws: WireError.badValue(.truth)) { try Opened.decode(body) }
    }

    @Test func aQuestionThatNobodyKnowsIsRefused() throws {
        var body = try Samples.inspect.bodyBytes
        body[8] = 4
        #expect(throws: WireError.badValue(.inspectKind)) { try Inspect.decode(body) }
    }

    @Test func moreBlocksThanAQuestionOrAnAnswerMayHaveAreRefused() throws {
        var question = Samples.sums
        question.count = Sums.countMax + 1
        #expect(throws: WireError.badValue(.blocks)) { try Sums.decode(try question.bodyBytes) }
        question = Samples.sums
        question.firstBlock = .max
        #expect(throws: WireError.badValue(.blocks)) { try Sums.decode(try question.bodyBytes) }
        var answer = Samples.summed
        answer.sums = Array(repeating: answer.sums[0], count: Int(Sums.countMax) + 1)
        #expect(throws: WireError.badValue(.blocks)) { try Summed.decode(try answer.bodyBytes) }
        answer = Samples.summed
        answer.size = -1
        #expect(throws: WireError.badValue(.blocks)) { try Summed.decode(try answer.bodyBytes) }
    }

    @Test func versionsInTheWrongOrderAreRefused() throws {
        var body = try Samples.hello.bodyBytes
        body[0] = 2
        #expect(throws: WireError.badValue(.versions)) { try Hello.decode(body) }
    }

    @Test(arguments: [[], Array(".".utf8), Array("..".utf8), Array("a/b".utf8), [0x61, 0]])
    func aNameThatNoDirectoryCanHaveIsRefused(name: [UInt8]) throws {
        var entry = Samples.entry
        entry.name = name
        let body = try Inspected(requestID: 1, entries: [entry]).bodyBytes
        #expect(throws: WireError.badValue(.entryName)) { try Inspected.decode(body) }
    }

    @Test func aPathWithANulOrAboveTheLimitIsRefused() throws {
        #expect(throws: WireError.badValue(.path)) {
            try Awaited.decode(try Awaited(mapping: 0, path: [0x61, 0]).bodyBytes)
        }
        let long = [UInt8](repeating: 0x61, count: Limits.pathBytesMax + 1)
        #expect(throws: WireError.badValue(.path)) {
            try Awaited.decode(try Awaited(mapping: 0, path: long).bodyBytes)
        }
    }

    @Test func aMessageLongerThanItsKindAllowsIsNotMade() {
        let entries = Array(repeating: Samples.entry, count: (4 << 20) / Samples.entry.byteCount + 1)
        #expect(throws: WireError.self) {
            try Inspect(
                requestID: 1, question: .list, mapping: 0, path: [], entries: entries
            ).frame(connection: 1)
        }
    }

    @Test func theByteCountOfAnEntryIsWhatItTakes() throws {
        let empty = try Inspected(requestID: 1).bodyBytes.count
        let one = try Inspected(requestID: 1, entries: [Samples.entry]).bodyBytes.count
        #expect(one - empty == Samples.entry.byteCount)
    }

    @Test func aLongTextIsCutAndStaysUTF8() throws {
        let long = String(repeating: "ä€😀", count: 5000)
        let refuse = try Refuse.decode(try Refuse(code: 1, reason: long).bodyBytes)
        #expect(refuse.reason.utf8.count <= MessageWriter.textBytesMax)
        #expect(long.hasPrefix(refuse.reason))
        #expect(!refuse.reason.isEmpty)
    }

    @Test func everyErrorHasWords() {
        let errors: [WireError] = [
            .notAFrame, .unknownVersion(2), .unknownKind(99), .headerDamaged, .bodyDamaged,
            .unexpectedKind(.batch, expected: .hello), .tooLong(5, limit: 4), .truncated,
            .trailingBytes(1), .badValue(.truth), .badText, .badBatch(.payload),
        ]
        #expect(Set(errors.map(\.description)).count == errors.count)
    }
}
