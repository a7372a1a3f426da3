/// Room for one name or path as a C string, made once and used for many calls, so that a name from
/// a message (which ends without a NUL) costs no allocation.
package struct NameBuffer: ~Copyable {
    private let room: UnsafeMutablePointer<CChar>
    private let capacity: Int

    /// The longest name that fits, bytes.
    package init(capacity: Int = 255) {
        self.capacity = capacity
        room = .allocate(capacity: capacity + 1)
        room[0] = 0
    }

    deinit { room.deallocate() }

    /// The name with a NUL behind it; valid until the next call. What does not fit is cut off: the
    /// callers have checked the length.
    package mutating func cString(_ name: UnsafeRawBufferPointer) -> UnsafePointer<CChar> {
        let count = min(name.count, capacity)
        if let source = name.baseAddress, count > 0 {
            UnsafeMutableRawPointer(room).copyMemory(from: source, byteCount: count)
        }
        room[count] = 0
        return UnsafePointer(room)
    }
}
