/// A path below some root as bytes, grown and shrunk component by component.
package struct BytePath: Hashable, Sendable {
    /// Components with `/` between them; empty: the root itself.
    package private(set) var bytes: [UInt8]

    package init(_ bytes: [UInt8] = []) { self.bytes = bytes }

    package init(_ text: String) { bytes = Array(text.utf8) }

    package var isRoot: Bool { bytes.isEmpty }

    package mutating func append(_ name: UnsafeRawBufferPointer) {
        if !bytes.isEmpty { bytes.append(0x2F) }
        bytes.append(contentsOf: name)
    }

    package mutating func append(_ name: [UInt8]) {
        if !bytes.isEmpty { bytes.append(0x2F) }
        bytes.append(contentsOf: name)
    }

    package mutating func removeLast() {
        if let slash = bytes.lastIndex(of: 0x2F) {
            bytes.removeSubrange(slash...)
        } else {
            bytes.removeAll(keepingCapacity: true)
        }
    }

    package func appending(_ name: UnsafeRawBufferPointer) -> BytePath {
        var path = self
        path.append(name)
        return path
    }

    /// The last component.
    package var name: [UInt8] {
        guard let slash = bytes.lastIndex(of: 0x2F) else { return bytes }
        return Array(bytes[(slash + 1)...])
    }

    package var parent: BytePath {
        var path = self
        path.removeLast()
        return path
    }

    package var components: [[UInt8]] { bytes.split(separator: 0x2F).map(Array.init) }

    /// The path as a C string for the length of a call.
    package func withCString<Result>(
        _ body: (UnsafePointer<CChar>) throws(Errno) -> Result
    ) throws(Errno) -> Result {
        let room = UnsafeMutablePointer<CChar>.allocate(capacity: bytes.count + 1)
        defer { room.deallocate() }
        for (place, byte) in bytes.enumerated() { room[place] = CChar(bitPattern: byte) }
        room[bytes.count] = 0
        return try body(UnsafePointer(room))
    }
}

extension BytePath: CustomStringConvertible {
    /// For people: what is not UTF-8 or would break a line is shown as `\x` and two digits.
    package var description: String { Self.text(of: bytes) }

    package static func text(of bytes: some Sequence<UInt8>) -> String {
        var units: [UInt8] = []
        let copy = Array(bytes)
        if String(validating: copy, as: UTF8.self) != nil, !copy.contains(where: { $0 < 0x20 }) {
            return String(decoding: copy, as: UTF8.self)
        }
        for byte in copy {
            if (0x20..<0x7F).contains(byte) {
                units.append(byte)
            } else {
                let digits = Array("0123456789abcdef".utf8)
                units += [0x5C, 0x78, digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
        return String(decoding: units, as: UTF8.self)
    }
}
