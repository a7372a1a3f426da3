import FileSystemAccess
import Journal
import ReplicationModel
import Testing

/// Docs/Formats/Journal.md shows bytes; they are what this build writes.
@Suite("The page about formats")
struct FormatPageTests {
    /// The bytes of an example, by its name.
    static func golden(_ name: String) -> [UInt8]? {
        let page = "\(#filePath)".split(separator: "/").dropLast(3).joined(separator: "/")
        let text = WholeFile.read("/\(page)/Docs/Formats/Journal.md") ?? []
        let parts = String(decoding: text, as: UTF8.self).split(separator: "```")
        guard let part = parts.first(where: { $0.hasPrefix("golden \(name)\n") }) else {
            return nil
        }
        return part.split(separator: "\n").dropFirst().flatMap { line in
            line.split(separator: " ").compactMap { UInt8($0, radix: 16) }
        }
    }

    @Test("a sector of hot groups")
    func sector() throws {
        let folder = TemporaryFolder()
        let log = HotLog(folder: folder.path, mount: 1)
        log.heat([0x1234, 0x5678_9A])
        let bytes = folder.bytes("hot-1-1")
        #expect(bytes.count == 4096 + 1_048_576)
        let shown = Array(bytes[4096..<4096 + 48])
        #expect(Self.golden("sector") == shown, "\(hex(shown))")
        #expect(bytes[4096 + 48..<4096 + 512].allSatisfy { $0 == 0 })
    }

    @Test("entries of a dirty index")
    func entries() throws {
        let folder = TemporaryFolder()
        var index = try DirtyIndex.open(folder: folder.path, connection: 1, journalID: 5)
        let file = FileID(inode: 0x1234, generation: 0xAABB_CCDD, mount: 2)
        index.markData(file, 17 << 20, count: 200_000, sequence: 41)
        index.mark(file, .attributes, sequence: 42)
        index.markData(file, from: 20 << 20, sequence: 43)
        let bytes = folder.bytes("dirty-1")
        var found: [[UInt8]] = []
        for place in stride(from: 4096, to: bytes.count, by: 64) where bytes[place + 13] != 0 {
            found.append(Array(bytes[place..<place + 64]))
        }
        for (name, range) in [("blocks", UInt8(1)), ("object", 0xFF)] {
            let shown = try #require(found.first { $0[16] == range })
            #expect(Self.golden(name) == shown, "\(hex(shown))")
        }
        #expect(found.count == 2)
    }

    func hex(_ bytes: [UInt8]) -> String {
        var text = ""
        for (place, byte) in bytes.enumerated() {
            text += (byte < 16 ? "0" : "") + String(byte, radix: 16)
            text += place % 16 == 15 ? "\n" : " "
        }
        return text
    }
}
