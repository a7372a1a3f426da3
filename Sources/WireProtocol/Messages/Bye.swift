/// The link (connection 0) or one connection ends on purpose.
package struct Bye: WireMessage {
    package init() {}

    package static let kind = FrameKind.bye

    package func write(to writer: inout MessageWriter) {}

    package init(from reader: inout MessageReader) throws(WireError) {}
}
