import Foundation
import Logging
import Testing

@testable import understudyd

@Suite struct LogFilesTests {
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func line(_ number: Int) -> [UInt8] {
        let digits = String(number)
        return Array((String(repeating: "0", count: 9 - digits.count) + digits + "\n").utf8)
    }

    @Test func `a full file is followed by the next and the oldest goes`() throws {
        let files = LogFiles(folder: folder.path, fileBytesMax: 100, filesMax: 3)
        for number in 1...45 { files.write(line(number)) }
        #expect(try folder.names() == ["dtlog3.dtl", "dtlog4.dtl", "dtlog5.dtl"])
        #expect(try folder.text("dtlog3.dtl").hasPrefix("000000021\n"))
        #expect(try folder.text("dtlog5.dtl").hasSuffix("000000045\n"))
        #expect(try folder.mode(of: "dtlog5.dtl") == 0o600)
    }

    @Test func `a restart goes on with the newest file`() throws {
        for number in 1...3 {
            let files = LogFiles(folder: folder.path, fileBytesMax: 100, filesMax: 3)
            for part in 1...7 { files.write(line(number * 100 + part)) }
        }
        #expect(try folder.names() == ["dtlog1.dtl", "dtlog2.dtl", "dtlog3.dtl"])
        #expect(try folder.text("dtlog1.dtl").utf8.count == 100)
    }

    @Test func `after the last number comes the first`() throws {
        for number in 997...999 {
            try line(number).withUnsafeBytes { Data($0) }
                .write(to: URL(fileURLWithPath: folder.path + "/dtlog\(number).dtl"))
        }
        let files = LogFiles(folder: folder.path, fileBytesMax: 10, filesMax: 3)
        files.write(line(1))
        #expect(try folder.names() == ["dtlog1.dtl", "dtlog998.dtl", "dtlog999.dtl"])
        files.write(line(2))
        #expect(try folder.names() == ["dtlog1.dtl", "dtlog2.dtl", "dtlog999.dtl"])
    }

    @Test func `a file that was moved away is made again when told so`() throws {
        let files = LogFiles(folder: folder.path)
        files.write(line(1))
        #expect(rename(folder.path + "/dtlog1.dtl", folder.path + "/kept") == 0)
        files.write(line(2))
        files.reopen()
        files.write(line(3))
        #expect(try folder.text("kept") == "000000001\n000000002\n")
        #expect(try folder.text("dtlog1.dtl") == "000000003\n")
    }

    @Test func `a folder that is gone costs lines and nothing else`() throws {
        let files = LogFiles(folder: folder.path + "/gone")
        files.write(line(1))
        #expect(mkdir(folder.path + "/gone", 0o700) == 0)
        files.write(line(2))
        #expect(try folder.text("gone/dtlog1.dtl") == "000000002\n")
    }

    @Test func `a message is one line whatever it holds`() {
        let line = String(
            decoding: LoggingHandler.line(.warning, "file 'a\nb\u{1B}[2J' skipped"), as: UTF8.self)
        #expect(line.hasSuffix(#" warning file 'a\nb\u{1b}[2J' skipped"# + "\n"))
        #expect(line.split(separator: "\n").count == 1)
        let time = #/\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} /#
        #expect(line.prefix(24).wholeMatch(of: time) != nil)
    }
}
