/// Content that the target misses: operations on the object are skipped until a mirror brings it.
package struct Awaited: WireMessage {
    package var mapping: UInt16
    /// Below the mapping's root.
    package var path: [UInt8]

    package init(mapping: UInt16, path: [UInt8]) {
        self.mapping = mapping
        self.path = path
    }

    package static let kind = FrameKind.awaited

    package func write(to writer: inout MessageWriter) {
        writer.write(mapping)
        writer.write(path)
    }

    package init(from reader: inout MessageReader) throws(WireError) {
        mapping = try reader.number()
        path = try reader.path()
    }
}
