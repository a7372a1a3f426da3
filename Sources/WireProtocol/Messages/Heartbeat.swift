/// Nothing to say but that the sender is there.
package struct Heartbeat: WireMessage {
    /// The sender's clock, nanoseconds since 1970-01-01 UTC.
    package var time: Int64

    package init(time: Int64) { self.time = time }

    package static let kind = FrameKind.heartbeat

    package func write(to writer: inout MessageWriter) { writer.write(time) }

    package init(from reader: inout MessageReader) throws(WireError) {
        time = try reader.number()
    }
}
