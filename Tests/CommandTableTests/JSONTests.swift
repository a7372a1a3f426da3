import CommandModel
import Testing

@Suite struct JSONTests {
    @Test func `values survive being written and read`() throws {
        let values: [CommandValue] = [
            .none, .boolean(true), .integer(.min), .integer(.max), .decimal(0.5), .decimal(1e300),
            .decimal(3), .text(""), .text("a\"b\\c\n\u{0}\u{7F}é😀"), .list([]), .record([:]),
            .list([.record(["b": .integer(1), "a": .list([.none])]), .text("x")]),
        ]
        for value in values {
            #expect(try JSONReader.value(of: JSONWriter.text(of: value)) == value)
        }
        #expect(JSONWriter.text(of: .decimal(.infinity)) == "null")
    }

    @Test func `escapes are read`() throws {
        let text = #""\u0041\ud83d\ude00\/\b\f\n\r\t\ud800""#
        #expect(try JSONReader.value(of: text) == .text("A😀/\u{8}\u{C}\n\r\t\u{FFFD}"))
    }

    @Test func `what is no JSON is an error that says where`() {
        let texts = [
            "", "{", "[1,", "{\"a\"}", "{a:1}", "tru", "01x", "+1", "\"a", "\"\\x\"", "\"\\u12\"",
            "1 2",
            "nan", "\"\n\"", String(repeating: "[", count: 200),
        ]
        for text in texts {
            do throws(JSONError) {
                _ = try JSONReader.value(of: text)
                Issue.record("\(text) was read")
            } catch {
                #expect(error.offset <= text.utf8.count)
            }
        }
    }

    @Test func `damaged texts never do harm`() {
        var seed: UInt64 = 0x5EED
        let whole = Array(#"{"result":{"value":[1,-2.5e3,true,null],"lines":["a\u00e9\n"]}}"#.utf8)
        for _ in 0..<5_000 {
            var bytes = whole
            for _ in 0..<3 {
                seed = seed &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                bytes[Int(seed >> 33) % bytes.count] = UInt8(truncatingIfNeeded: seed >> 17)
            }
            _ = try? JSONReader.value(of: bytes)
        }
    }

    @Test func `requests and answers keep their parts`() {
        let request = CommandRequest(
            command: "sync", arguments: ["connection": .integer(1)], origin: "prompt")
        #expect(CommandRequest(value: request.value) == request)
        let answers: [CommandAnswer] = [
            .progress(CommandProgress(line: "1%", data: ["n": .integer(1)])),
            .progress(CommandProgress(line: "printed", stays: true)),
            .result(CommandResult(value: .integer(4), lines: ["a", "b"])),
            .error(CommandError(.timedOut, "too long")),
        ]
        for answer in answers { #expect(CommandAnswer(value: answer.value) == answer) }
        #expect(CommandAnswer(value: .integer(1)) == nil)
    }
}
