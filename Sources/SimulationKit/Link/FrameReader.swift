internal import WireProtocol

/// Cuts what came over a link into frames.
struct FrameReader {
    private var bytes: [UInt8] = []

    struct Frame {
        let header: FrameHeader
        let body: [UInt8]
    }

    mutating func append(_ more: [UInt8]) { bytes += more }

    /// The next whole frame, if there is one.
    mutating func next() throws(WireError) -> Frame? {
        guard bytes.count >= FrameHeader.byteCount else { return nil }
        let header = try FrameHeader(decoding: bytes)
        let end = FrameHeader.byteCount + Int(header.bodyLength)
        guard bytes.count >= end else { return nil }
        let body = Array(bytes[FrameHeader.byteCount..<end])
        bytes.removeFirst(end)
        try header.check(body)
        return Frame(header: header, body: body)
    }
}

extension FrameHeader {
    fileprivate init(decoding bytes: [UInt8]) throws(WireError) {
        let result = bytes.withUnsafeBytes { bytes -> Result<FrameHeader, WireError> in
            do throws(WireError) { return .success(try FrameHeader(decoding: bytes)) } catch {
                return .failure(error)
            }
        }
        self = try result.get()
    }

    fileprivate func check(_ body: [UInt8]) throws(WireError) {
        let result = body.withUnsafeBytes { body -> Result<Void, WireError> in
            do throws(WireError) { return .success(try check(body)) } catch {
                return .failure(error)
            }
        }
        try result.get()
    }
}

extension WireMessage {
    /// The message that a frame's body is.
    init(_ frame: FrameReader.Frame) throws(WireError) {
        let result = frame.body.withUnsafeBytes { body -> Result<Self, WireError> in
            do throws(WireError) { return .success(try Self(body: body)) } catch {
                return .failure(error)
            }
        }
        self = try result.get()
    }
}
