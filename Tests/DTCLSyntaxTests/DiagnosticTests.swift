import Testing

@testable import DTCLSyntax

@Suite("Diagnostics")
struct DiagnosticTests {
    @Test("ids are unique and sorted")
    func idsAreSorted() {
        let ids = SyntaxMessage.allCases.map(\.rawValue)
        #expect(ids == ids.sorted())
        #expect(Set(ids).count == ids.count)
    }

    @Test("texts are lower case, without a full stop", arguments: SyntaxMessage.allCases)
    func textStyle(_ message: SyntaxMessage) {
        let text = message.template
        #expect(!text.hasSuffix("."))
        #expect(text.first?.isUppercase == false)
    }

    @Test("messages come sorted by place and once each")
    func sortedByPlace() {
        let script = Script.parse("ping |\n$x = 1 ++\nEND\nWRITE \"x\n")
        let places = script.diagnostics.map(\.range.lower)
        #expect(places == places.sorted())
        #expect(Set(script.diagnostics).count == script.diagnostics.count)
    }

    @Test(
        "the nearest word is offered",
        arguments: [
            ("WIHLE $x DO\nping a\nEND", "'WIHLE' is a command here; the nearest word is 'WHILE'"),
            ("IF $x THNE ping a END", "the nearest word is 'THEN'"),
            ("FOR $i = 1 TOO 3 DO\nEND", "the nearest word is 'TO'"),
            ("SET OPTION STRCT ON", "the nearest word is 'STRICT'"),
            ("WAIT 10 minuts", "the nearest word is 'minutes'"),
        ])
    func nearestWords(_ text: String, _ note: String) {
        let script = Script.parse(text)
        #expect(script.diagnostics.first?.notes.map(\.message) == [note])
    }

    @Test("a text that is too long is refused")
    func tooLong() {
        let bytes = [UInt8](repeating: 0x20, count: SourceText.bytesMax + 1)
        let script = Script.parse(SourceText(bytes: bytes, name: "long"))
        #expect(script.diagnostics.map(\.id) == ["text-too-long"])
    }

    @Test("lines and columns count characters from 1")
    func positions() {
        let table = LineTable(SourceText("a\r\né$\n"))
        #expect(table.position(of: 0) == SourcePosition(line: 1, column: 1))
        #expect(table.position(of: 5) == SourcePosition(line: 2, column: 2))
        #expect(table.position(of: 99) == SourcePosition(line: 3, column: 1))
        #expect(table.text(ofLine: 1) == "a")
        #expect(table.text(ofLine: 2) == "é$")
        #expect(table.text(ofLine: 9) == "")
    }

    @Test("the nearest name is offered only when it is near")
    func nearestNames() {
        let names = ["connect", "connections", "status", "repset"]
        #expect(NearestName.nearest(to: "conect", among: names) == "connect")
        #expect(NearestName.nearest(to: "STAUTS", among: names) == "status")
        #expect(NearestName.nearest(to: "mirror", among: names) == nil)
        #expect(NearestName.nearest(to: "connect", among: ["connect"]) == nil)
        #expect(NearestName.nearest(to: "", among: names) == nil)
    }
}
