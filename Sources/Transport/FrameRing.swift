package import NIOCore
package import WireProtocol

/// A few buffers that a sender builds batches in, one after the other. A buffer is used again once
/// the link has let go of it; one that has not is replaced, so that a sender faster than its link
/// costs memory (which `Link.pendingBytes` bounds), never a wrong byte.
///
/// Without it every batch is a fresh megabyte from the system: page faults halve the throughput.
package struct FrameRing {
    private var buffers: [ByteBuffer]
    private var current = 0
    private let byteCount: Int

    /// - Parameters:
    ///   - byteCount: Of each buffer: header, body and all; at least `BatchBuilder.memoryBytesMin`
    ///     where payloads may have any length.
    ///   - count: So many frames that all of them together are more than `Link.highWaterBytes`.
    package init(byteCount: Int = 1 << 20 + 128 << 10, count: Int = 6) {
        self.byteCount = min(byteCount, BatchBuilder.memoryBytesMax)
        buffers = Array(repeating: ByteBuffer(), count: count)
    }

    /// Builds one batch frame: `fill` appends until it has nothing more or there is no room, and
    /// answers up to which sequence the batch speaks (see `BatchBuilder.finish`; 0: its records').
    package mutating func frame(
        connection: UInt32, fill: (inout BatchBuilder) -> UInt64
    ) -> ByteBuffer {
        current = (current + 1) % buffers.count
        buffers[current].clear(minimumCapacity: byteCount)
        buffers[current].writeWithUnsafeMutableBytes(minimumWritableBytes: byteCount) { memory in
            var builder = BatchBuilder(
                memory: UnsafeMutableRawBufferPointer(rebasing: memory[..<byteCount]))
            let through = fill(&builder)
            return builder.finish(connection: connection, through: through)
        }
        return buffers[current]
    }

    /// Gives the memory back, for a sender that has become idle.
    package mutating func release() {
        for index in buffers.indices { buffers[index] = ByteBuffer() }
    }
}
