import Foundation
import Testing

@testable import understudyd

@Suite struct StateFolderTests {
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    @Test func `the folder is made so that others reach the socket and see nothing else`() throws {
        let made = try StateFolder(folder.path + "/a/b")
        #expect(try folder.mode(of: "a/b") == 0o711)
        #expect(try made.folder("log") == folder.path + "/a/b/log")
        #expect(try made.folder("log") == folder.path + "/a/b/log")
        #expect(try folder.mode(of: "a/b/log") == 0o700)
        _ = try StateFolder(folder.path + "/a/b")
    }

    @Test func `a folder that is kept closed stays closed`() throws {
        #expect(mkdir(folder.path + "/mine", 0o700) == 0)
        _ = try StateFolder(folder.path + "/mine")
        #expect(try folder.mode(of: "mine") == 0o700)
    }

    @Test func `a folder that others can write to is refused`() throws {
        #expect(mkdir(folder.path + "/open", 0o777) == 0)
        #expect(chmod(folder.path + "/open", 0o777) == 0)
        let error = #expect(throws: StartError.self) { try StateFolder(folder.path + "/open") }
        #expect(error?.description.contains("others could write to the state folder") == true)
    }

    @Test func `a file in the place of the folder is refused`() throws {
        #expect(FileManager.default.createFile(atPath: folder.path + "/file", contents: nil))
        #expect(throws: StartError("the state folder '\(folder.path)/file' is no folder")) {
            try StateFolder(folder.path + "/file")
        }
        #expect(throws: StartError.self) { try StateFolder(folder.path + "/file/below") }
    }

    @Test func `a second holder of the lock is told about the first`() throws {
        let state = try StateFolder(folder.path)
        let lock = try StateLock(folder: state)
        #expect(try folder.text("lock") == "\(getpid())\n")
        #expect(try folder.mode(of: "lock") == 0o600)
        #expect(
            throws: StartError("another understudyd (pid \(getpid())) uses '\(folder.path)'")
        ) { try StateLock(folder: state) }
        withExtendedLifetime(lock) {}
    }

    @Test func `a lock is free again when its holder is gone`() throws {
        let state = try StateFolder(folder.path)
        do {
            let lock = try StateLock(folder: state)
            withExtendedLifetime(lock) {}
        }
        _ = try StateLock(folder: state)
    }

    @Test func `a program that was started does not keep the lock`() throws {
        let state = try StateFolder(folder.path)
        let process = Process()
        let input = Pipe()
        do {
            let lock = try StateLock(folder: state)
            process.executableURL = URL(fileURLWithPath: "/bin/cat")
            process.standardInput = input
            process.standardOutput = FileHandle.nullDevice
            try process.run()
            withExtendedLifetime(lock) {}
        }
        // What other tests start has it for the moment between its birth and its program.
        var free = Result { try StateLock(folder: state) }
        let until = Date.now + 5
        while case .failure = free, Date.now < until { free = Result { try StateLock(folder: state) } }
        try input.fileHandleForWriting.close()
        process.waitUntilExit()
        _ = try free.get()
    }

    @Test func `another process that holds the lock is named`() throws {
        let state = try StateFolder(folder.path)
        let process = Process()
        let input = Pipe()
        let output = Pipe()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/flock")
        process.arguments = [folder.path + "/lock", "/bin/sh", "-c", "echo locked; exec cat"]
        process.standardInput = input
        process.standardOutput = output
        try process.run()
        _ = output.fileHandleForReading.availableData
        let pid = process.processIdentifier
        try "\(pid)\n".write(toFile: folder.path + "/lock", atomically: false, encoding: .utf8)
        let error = #expect(throws: StartError.self) { try StateLock(folder: state) }
        #expect(error?.description == "another understudyd (pid \(pid)) uses '\(folder.path)'")
        try input.fileHandleForWriting.close()
        process.waitUntilExit()
        _ = try StateLock(folder: state)
    }
}
