import Foundation
import Testing

@testable import WireProtocol

/// The frames printed in Docs/Formats/Wire.md are what this build makes and reads. A difference
/// means that the format changed: old servers no longer understand new ones.
@Suite struct GoldenFrameTests {
    @Test func thePagePrintsTheFramesThatThisBuildMakes() throws {
        let page = try Self.page()
        let frames =
            try Samples.messages.map { (type(of: $0).kind, try $0.frame(connection: 3)) }
            + [(FrameKind.batch, Samples.batchFrame())]
        #expect(Set(frames.map(\.0)) == Set(FrameKind.allCases))
        for (kind, frame) in frames {
            let block = "```golden \(kind)\n" + Self.hex(frame) + "```\n"
            #expect(page.contains(block), "expected in Wire.md:\n\(block)")
        }
    }

    @Test func thePageNamesEveryKindWithItsNumber() throws {
        let page = try Self.page()
        for kind in FrameKind.allCases {
            #expect(page.contains("| \(kind.rawValue) | \(kind) |"), "\(kind)")
        }
    }

    /// 16 bytes a line.
    private static func hex(_ bytes: [UInt8]) -> String {
        var text = ""
        for (index, byte) in bytes.enumerated() {
            text += String(format: "%02x", byte)
            text += index % 16 == 15 || index == bytes.count - 1 ? "\n" : " "
        }
        return text
    }

    /// Beside the folder of tests, wherever that really is.
    private static func page() throws -> String {
        let tests = URL(fileURLWithPath: #filePath).resolvingSymlinksInPath()
            .deletingLastPathComponent().deletingLastPathComponent()
        let page = tests.deletingLastPathComponent().appending(path: "Docs/Formats/Wire.md")
        return try String(contentsOf: page, encoding: .utf8)
    }
}
