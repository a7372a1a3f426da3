package import ReplicationModel

/// Objects that the target could not bring up to date, each for a reason of its own; the stream
/// went on. The source marks them, so that the next resync tries them again.
package struct Failed: WireMessage {
    package var objects: [Object]

    package init(objects: [Object]) { self.objects = objects }

    package struct Object: Hashable, Sendable {
        package var file: FileID
        /// Why, as `errno`.
        package var status: Int32

        package init(file: FileID, status: Int32) {
            self.file = file
            self.status = status
        }

        static let byteCount = 20
    }

    /// Objects of one message.
    package static let countMax = 1024

    package static let kind = FrameKind.failed

    package func write(to writer: inout MessageWriter) {
        writer.writeCount(objects.count)
        for object in objects {
            writer.write(object.file)
            writer.write(object.status)
        }
    }

    package init(from reader: inout MessageReader) throws(WireError) {
        let count = try reader.count(elementBytesMin: Object.byteCount)
        objects = []
        objects.reserveCapacity(count)
        for _ in 0..<count {
            objects.append(Object(file: try reader.file(), status: try reader.number()))
        }
    }
}
