import CPosix
import Glibc
import Testing

@testable import FileSystemAccess

struct FileSystemAccessTests {
    /// Runs with a fresh folder that is removed afterwards.
    private func inFolder(_ body: (String, CInt) throws -> Void) throws {
        var name = Array("/tmp/understudy-access-XXXXXX".utf8CString)
        _ = mkdtemp(&name)
        let path = String(decoding: name.dropLast().map(UInt8.init), as: UTF8.self)
        let folder = try SystemCall.open(path, O_RDONLY | O_DIRECTORY)
        defer {
            SystemCall.close(folder)
            _ = system("rm -rf '\(path)'")
        }
        try body(path, folder)
    }

    @Test func `A directory larger than the buffer is read whole, with names as they are`() throws {
        try inFolder { path, folder in
            var wanted: Set<[UInt8]> = [[0xFF, 0x0A, 0x80]]
            close(open([CChar](arrayLiteral: -1, 10, -128, 0).withUnsafeBufferPointer { odd in
                path.utf8.map { CChar(bitPattern: $0) } + [0x2F] + odd
            }, O_CREAT | O_WRONLY, 0o600))
            for number in 0..<500 {
                close(open(path + "/a name with some length \(number)", O_CREAT | O_WRONLY, 0o600))
                wanted.insert(Array("a name with some length \(number)".utf8))
            }
            var reader = DirectoryReader(bufferBytes: 4096)
            for _ in 0..<2 {
                var found: Set<[UInt8]> = []
                try reader.start(folder)
                while let entry = try reader.next() {
                    found.insert(Array(entry.name))
                    #expect(entry.typeNumber == 8)
                }
                #expect(found == wanted)
            }
        }
    }

    @Test func `An atomic file is replaced whole`() throws {
        try inFolder { _, folder in
            for content: [UInt8] in [[1, 2, 3], Array(repeating: 9, count: 5000), []] {
                try content.withUnsafeBytes { try AtomicFile.write($0, to: "file", in: folder) }
                #expect(try AtomicFile.read("file", in: folder, bytesMax: 10_000) == content)
            }
            #expect(try AtomicFile.read("none", in: folder, bytesMax: 10) == nil)
        }
    }

    @Test func `Flags of a file are one more attribute, where there are any`() throws {
        try inFolder { path, _ in
            let file = open(path + "/file", O_RDWR | O_CREAT, 0o600)
            defer { close(file) }
            let room = UnsafeMutableRawBufferPointer.allocate(
                byteCount: ExtendedAttributes.valueBytesMax, alignment: 8)
            defer { room.deallocate() }
            let name = ObjectFlags.name
            #expect(try ExtendedAttributes.list(file, isPath: false, into: room) == 0)
            #expect(try ExtendedAttributes.get(file, isPath: false, name, into: room) == nil)
            guard system("chattr +dA '\(path)/file' 2>/dev/null") == 0 else { return }
            let flags = try #require(ObjectFlags.read(file))
            let count = try ExtendedAttributes.list(file, isPath: false, into: room)
            #expect(Array(room[..<count]) == Array(name.utf8) + [0])
            #expect(try ExtendedAttributes.get(file, isPath: false, name, into: room) == 8)
            #expect(Array(room[..<8]) == flags.bytes)
            let other = open(path + "/other", O_RDWR | O_CREAT, 0o600)
            defer { close(other) }
            try flags.bytes.withUnsafeBytes {
                try ExtendedAttributes.set(other, isPath: false, name, $0)
            }
            #expect(ObjectFlags.read(other) == flags)
            try ExtendedAttributes.remove(other, isPath: false, name)
            try ExtendedAttributes.remove(other, isPath: false, name)
            #expect(ObjectFlags.read(other) == nil)
            #expect(throws: Errno.invalid) {
                try ExtendedAttributes.set(
                    other, isPath: false, name, UnsafeRawBufferPointer(rebasing: room[..<7]))
            }
        }
    }

    @Test func `Data and holes are told apart`() throws {
        try inFolder { path, _ in
            let file = open(path + "/sparse", O_RDWR | O_CREAT, 0o600)
            defer { close(file) }
            ftruncate(file, 1 << 20)
            #expect(try FileExtents.nextData(file, from: 0, size: 1 << 20) == nil)
            pwrite(file, "x", 1, 500_000)
            let data = try FileExtents.nextData(file, from: 0, size: 1 << 20)
            #expect(data?.contains(500_000) == true)
            #expect((data?.count ?? 0) <= 65536)
            #expect(try FileExtents.nextData(file, from: 1 << 20, size: 1 << 20) == nil)
        }
    }

    @Test func `Extended attributes of files and of links`() throws {
        try inFolder { path, folder in
            close(open(path + "/file", O_CREAT | O_WRONLY, 0o600))
            symlink("text", path + "/link")
            let room = UnsafeMutableRawBufferPointer.allocate(byteCount: 65536, alignment: 8)
            defer { room.deallocate() }
            for (name, key, isPath) in [("file", "user.a", false), ("link", "trusted.a", true)] {
                let flags = O_NOFOLLOW | (isPath ? O_PATH : O_RDONLY)
                let object = try SystemCall.open(at: folder, name, flags)
                defer { SystemCall.close(object) }
                try [UInt8]([1, 2, 3]).withUnsafeBytes {
                    try ExtendedAttributes.set(object, isPath: isPath, key, $0)
                }
                let count = try ExtendedAttributes.list(object, isPath: isPath, into: room)
                let names = AttributeNameIterator(UnsafeRawBufferPointer(rebasing: room[..<count]))
                #expect(names.contains { $0.elementsEqual(key.utf8) })
                #expect(try ExtendedAttributes.get(object, isPath: isPath, key, into: room) == 3)
                try ExtendedAttributes.remove(object, isPath: isPath, key)
                try ExtendedAttributes.remove(object, isPath: isPath, key)
                #expect(try ExtendedAttributes.get(object, isPath: isPath, key, into: room) == nil)
            }
        }
    }

    @Test func `Paths grow, shrink and show what cannot be shown`() {
        var path = BytePath("a/b")
        path.append([0xFF])
        #expect(path.description == "a/b/\\xff")
        #expect(path.name == [0xFF])
        #expect(path.parent == BytePath("a/b"))
        path.removeLast()
        path.removeLast()
        path.removeLast()
        #expect(path.isRoot)
        #expect(BytePath("//a//b").components == [[0x61], [0x62]])
        #expect(BytePath("line\nbreak").description == "line\\x0abreak")
    }

    @Test func `Folders are made with their parents, and only when asked`() throws {
        try inFolder { path, _ in
            #expect(throws: Errno.noSuchFile) { try DirectoryTree.open(BytePath(path + "/x/y/z")) }
            SystemCall.close(try DirectoryTree.open(BytePath(path + "/x/y/z"), creating: 0o700))
            #expect(access(path + "/x/y/z", F_OK) == 0)
        }
    }
}
