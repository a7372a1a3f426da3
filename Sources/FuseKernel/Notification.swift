internal import CLinuxFuse

/// Messages to the kernel that answer nothing: it is told that something it keeps is no longer so.
package enum Notification: Sendable {
    /// Attributes of a node changed; its cached data stays.
    case attributesChanged(node: UInt64)
    /// Ask again for everything that was being answered when a former process died.
    case resend

    package static let byteCountMax = Reply.headByteCount + 24

    /// Answers the bytes to send.
    package func encode(into buffer: UnsafeMutableRawBufferPointer) -> Int {
        precondition(buffer.count >= Self.byteCountMax)
        var count = Reply.headByteCount
        let code: CInt
        switch self {
        case .attributesChanged(let node):
            code = CInt(FUSE_NOTIFY_INVAL_INODE.rawValue)
            // A negative offset means: attributes only.
            let body = fuse_notify_inval_inode_out(ino: node, off: -1, len: 0)
            buffer.storeBytes(
                of: body, toByteOffset: count, as: fuse_notify_inval_inode_out.self)
            count += MemoryLayout<fuse_notify_inval_inode_out>.size
        case .resend:
            code = CInt(UNDERSTUDY_FUSE_NOTIFY_RESEND)
        }
        let head = fuse_out_header(len: UInt32(count), error: code, unique: 0)
        buffer.storeBytes(of: head, as: fuse_out_header.self)
        return count
    }
}
