internal import NIOCore
internal import WireProtocol

/// Makes whole frames out of whatever pieces the socket gave. Each byte of a body is copied once,
/// into a buffer of exactly the body's size; a length that no frame may have is refused before
/// anything is kept.
struct FrameAssembler {
    private let allocator: ByteBufferAllocator
    /// The first bytes of a header that came in two pieces.
    private var headerPart: ByteBuffer
    private var header: FrameHeader?
    private var body = ByteBuffer()

    init(allocator: ByteBufferAllocator) {
        self.allocator = allocator
        headerPart = allocator.buffer(capacity: FrameHeader.byteCount)
    }

    /// Takes bytes off the front; nil: all are taken and the frame is not complete.
    mutating func next(
        from bytes: inout ByteBuffer
    ) throws(WireError) -> (header: FrameHeader, body: ByteBuffer)? {
        if header == nil {
            guard let started = try takeHeader(from: &bytes) else { return nil }
            header = started
            body = allocator.buffer(capacity: Int(started.bodyLength))
        }
        guard let header else { return nil }
        let missing = Int(header.bodyLength) - body.readableBytes
        if var piece = bytes.readSlice(length: min(missing, bytes.readableBytes)) {
            body.writeBuffer(&piece)
        }
        guard body.readableBytes == header.bodyLength else { return nil }
        self.header = nil
        let whole = body
        body = ByteBuffer()
        try whole.checked(against: header)
        return (header, whole)
    }

    private mutating func takeHeader(
        from bytes: inout ByteBuffer
    ) throws(WireError) -> FrameHeader? {
        let missing = FrameHeader.byteCount - headerPart.readableBytes
        if var piece = bytes.readSlice(length: min(missing, bytes.readableBytes)) {
            headerPart.writeBuffer(&piece)
        }
        guard headerPart.readableBytes == FrameHeader.byteCount else { return nil }
        let result = headerPart.withUnsafeReadableBytes { place in
            Result { () throws(WireError) in try FrameHeader(decoding: place) }
        }
        headerPart.clear()
        return try result.get()
    }
}

extension ByteBuffer {
    fileprivate func checked(against header: FrameHeader) throws(WireError) {
        try withUnsafeReadableBytes { body in
            Result { () throws(WireError) in try header.check(body) }
        }.get()
    }
}
