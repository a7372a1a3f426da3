/// Content that the target misses: operations on the object are skipped until a mirror brings it.
package struct Awaited: WireMessage {
    package var mapping: UInt16
    /// Below the mapping's root.
    package var path: [UInt8]
    /// The target has the object and only wants to hear what may differ: a resync may have missed
    /// it.
    package var isKnown: Bool

    package init(mapping: UInt16, path: [UInt8], isKnown: Bool = false) {
        self.mapping = mapping
        self.path = path
        self.isKnown = isKnown
    }

    package static let kind = FrameKind.awaited

    package func write(to writer: inout MessageWriter) {
        writer.write(mapping)
        writer.write(path)
        writer.write(isKnown)
    }

    package init(from reader: inout MessageReader) throws(WireError) {
        mapping = try reader.number()
        path = try reader.path()
        isKnown = try reader.truth()
    }
}
