/// What the peer asked for is not done.
package struct Refuse: WireMessage {
    /// The number of the command error that the peer reports.
    package var code: Int32
    /// For people.
    package var reason: String

    package init(code: Int32, reason: String) {
        self.code = code
        self.reason = reason
    }

    package static let kind = FrameKind.refuse

    package func write(to writer: inout MessageWriter) {
        writer.write(code)
        writer.write(reason)
    }

    package init(from reader: inout MessageReader) throws(WireError) {
        code = try reader.number()
        reason = try reader.text()
    }
}
