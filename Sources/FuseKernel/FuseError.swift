/// Bytes that are no request of the kernel's.
package enum FuseError: Error, Equatable, Sendable {
    /// Shorter than its header, or than the header says.
    case truncated(byteCount: Int)
    /// The part after the header is shorter than the operation's fixed fields, or says that more
    /// bytes follow than there are.
    case shortBody(opcode: UInt32, byteCount: Int)
    /// A name that does not end, is empty or holds a slash.
    case badName(opcode: UInt32)
    /// A number that this version does not know: the answer is ENOSYS.
    case unknownOpcode(UInt32)
}
