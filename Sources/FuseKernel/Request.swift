package import CLinuxFuse

/// Who asks, and about which node: the fixed head of every request.
package struct RequestHeader: BitwiseCopyable, Sendable {
    /// Goes back in the reply.
    package var unique: UInt64
    package var node: UInt64
    package var opcodeNumber: UInt32
    package var user: UInt32
    package var group: UInt32
    package var process: UInt32

    package static let byteCount = 40

    /// The kernel sends it once more, because whoever read it first did not answer.
    package var isResent: Bool { unique & understudy_fuse_unique_resend != 0 }
}

/// A name in a request: bytes that are followed by a NUL in the buffer.
package struct RequestName {
    private let start: UnsafeRawPointer
    private let byteCount: Int

    init(start: UnsafeRawPointer, byteCount: Int) {
        self.start = start
        self.byteCount = byteCount
    }

    /// The bytes from `offset` to the next NUL; nil if there is none.
    package init?(terminated bytes: UnsafeRawBufferPointer, from offset: Int) {
        guard let start = bytes.baseAddress, offset < bytes.count,
            let end = bytes[offset...].firstIndex(of: 0)
        else { return nil }
        self.init(start: start + offset, byteCount: end - offset)
    }

    /// Without the NUL.
    package var bytes: UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: start, count: byteCount)
    }

    /// Valid as long as the buffer that the request was read into.
    package var text: UnsafePointer<CChar> { start.assumingMemoryBound(to: CChar.self) }

    package var isDot: Bool { bytes.count == 1 && bytes[0] == 0x2E }
    package var isDotDot: Bool { bytes.count == 2 && bytes[0] == 0x2E && bytes[1] == 0x2E }

    package func equals(_ text: StaticString) -> Bool {
        guard bytes.count == text.utf8CodeUnitCount else { return false }
        for index in 0..<bytes.count where bytes[index] != text.utf8Start[index] { return false }
        return true
    }
}

/// One request of the kernel, a view over the borrowed bytes it was read into.
package struct Request {
    package let header: RequestHeader
    package let operation: Operation

    /// Neither answered nor ever sent again.
    package var isForgetting: Bool {
        switch operation {
        case .forget, .batchForget: true
        default: false
        }
    }

    /// The operations that a file system can be asked for, with their arguments.
    package enum Operation {
        case lookup(name: RequestName)
        case forget(count: UInt64)
        /// `forgets` holds `count` pairs of node and number.
        case batchForget(count: Int, forgets: UnsafeRawBufferPointer)
        case getAttributes
        case extendedStatus(mask: UInt32)
        case setAttributes(fuse_setattr_in)
        case readLink
        case symbolicLink(name: RequestName, target: RequestName)
        case makeNode(fuse_mknod_in, name: RequestName)
        case makeDirectory(fuse_mkdir_in, name: RequestName)
        case unlink(name: RequestName)
        case removeDirectory(name: RequestName)
        case rename(name: RequestName, newParent: UInt64, newName: RequestName, flags: UInt32)
        case link(node: UInt64, name: RequestName)
        case read(offset: UInt64, count: UInt32)
        case write(fuse_write_in, bytes: UnsafeRawBufferPointer)
        case statistics
        case release
        case sync(dataOnly: Bool)
        case syncDirectory(dataOnly: Bool)
        case syncFileSystem
        case setExtended(
            name: RequestName, value: UnsafeRawBufferPointer, flags: UInt32, clearsSetgid: Bool)
        case getExtended(name: RequestName, capacity: UInt32)
        case listExtended(capacity: UInt32)
        case removeExtended(name: RequestName)
        case readDirectory(offset: UInt64, capacity: UInt32, plus: Bool)
        case temporaryFile(fuse_create_in)
        case control(fuse_ioctl_in, input: UnsafeRawBufferPointer)
        case allocate(offset: UInt64, length: UInt64, mode: UInt32)
        case seek(offset: UInt64, whence: UInt32)
        case initialize(InitializeRequest)
        case destroy
        case interrupt
        /// Known, and answered with ENOSYS: the kernel then does it itself or does without.
        case leftToKernel(Opcode)
    }
}

extension Request {
    /// A view over `bytes`, which must outlive it. `extendedSetAttribute`: SETXATTR_EXT was
    /// negotiated, so that request has its longer form.
    package static func decode(
        _ bytes: UnsafeRawBufferPointer, extendedSetAttribute: Bool = true
    ) throws(FuseError) -> Request {
        let header = try RequestHeader(bytes)
        var body = RequestBody(bytes, header)
        guard let opcode = Opcode(rawValue: header.opcodeNumber) else {
            throw .unknownOpcode(header.opcodeNumber)
        }
        let operation = try body.operation(opcode, extendedSetAttribute)
        return Request(header: header, operation: operation)
    }
}

extension RequestHeader {
    /// Reads only the head, so that a request that cannot be decoded can still be answered.
    package init(_ bytes: UnsafeRawBufferPointer) throws(FuseError) {
        guard bytes.count >= Self.byteCount else { throw .truncated(byteCount: bytes.count) }
        let head = bytes.loadUnaligned(as: fuse_in_header.self)
        guard Int(head.len) == bytes.count else { throw .truncated(byteCount: bytes.count) }
        unique = head.unique
        node = head.nodeid
        opcodeNumber = head.opcode
        user = head.uid
        group = head.gid
        process = head.pid
    }
}
