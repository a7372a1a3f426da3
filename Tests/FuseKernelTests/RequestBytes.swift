import CLinuxFuse
import FuseKernel

/// Builds requests as the kernel would.
enum RequestBytes {
    static func make(_ opcode: Opcode, node: UInt64 = 1, _ body: [UInt8] = []) -> [UInt8] {
        make(opcode.rawValue, node: node, body)
    }

    static func make(_ opcode: UInt32, node: UInt64 = 1, _ body: [UInt8] = []) -> [UInt8] {
        var head = fuse_in_header()
        head.len = UInt32(40 + body.count)
        head.opcode = opcode
        head.unique = 99
        head.nodeid = node
        head.uid = 1000
        head.gid = 1001
        head.pid = 4321
        return bytes(head) + body
    }

    static func bytes<Value>(_ value: Value) -> [UInt8] { withUnsafeBytes(of: value, Array.init) }

    static func text(_ text: String) -> [UInt8] { Array(text.utf8) + [0] }

    static func decode(_ bytes: [UInt8]) throws(FuseError) -> Request {
        // A copy that nobody frees under the views in the result.
        let place = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 8)
        place.copyBytes(from: bytes)
        return try Request.decode(UnsafeRawBufferPointer(place))
    }

    /// One well-formed request of every opcode.
    static func sample(_ opcode: Opcode) -> [UInt8] {
        switch opcode {
        case .lookup, .unlink, .removeDirectory: make(opcode, text("name"))
        case .symbolicLink: make(opcode, text("name") + text("target"))
        case .makeNode: make(opcode, bytes(fuse_mknod_in()) + text("name"))
        case .makeDirectory: make(opcode, bytes(fuse_mkdir_in()) + text("name"))
        case .rename: make(opcode, bytes(fuse_rename_in(newdir: 5)) + text("a") + text("b"))
        case .rename2:
            make(
                opcode,
                bytes(fuse_rename2_in(newdir: 5, flags: 2, padding: 0)) + text("a") + text("b"))
        case .link: make(opcode, bytes(fuse_link_in(oldnodeid: 9)) + text("name"))
        case .temporaryFile, .create: make(opcode, bytes(fuse_create_in()) + text("name"))
        case .forget: make(opcode, bytes(fuse_forget_in(nlookup: 3)))
        case .batchForget:
            make(
                opcode,
                bytes(fuse_batch_forget_in(count: 2, dummy: 0))
                    + bytes(fuse_forget_one(nodeid: 1, nlookup: 2))
                    + bytes(fuse_forget_one(nodeid: 3, nlookup: 4)))
        case .setAttributes: make(opcode, bytes(fuse_setattr_in()))
        case .extendedStatus: make(opcode, bytes(understudy_fuse_statx_in()))
        case .getAttributes: make(opcode, bytes(fuse_getattr_in()))
        case .read, .readDirectory, .readDirectoryPlus: make(opcode, bytes(read()))
        case .write: make(opcode, bytes(write(4)) + [1, 2, 3, 4])
        case .sync, .syncDirectory: make(opcode, bytes(fuse_fsync_in()))
        case .setExtended:
            make(
                opcode,
                bytes(fuse_setxattr_in(size: 2, flags: 1, setxattr_flags: 1, padding: 0))
                    + text("user.x") + [7, 8])
        case .getExtended:
            make(opcode, bytes(fuse_getxattr_in(size: 9, padding: 0)) + text("user.x"))
        case .listExtended: make(opcode, bytes(fuse_getxattr_in(size: 9, padding: 0)))
        case .removeExtended: make(opcode, text("user.x"))
        case .control: make(opcode, bytes(fuse_ioctl_in()))
        case .allocate: make(opcode, bytes(fuse_fallocate_in()))
        case .seek: make(opcode, bytes(fuse_lseek_in()))
        case .initialize: make(opcode, bytes(fuse_init_in()))
        default: make(opcode)
        }
    }

    private static func read() -> fuse_read_in {
        var fixed = fuse_read_in()
        fixed.offset = 4096
        fixed.size = 512
        return fixed
    }

    static func write(_ count: UInt32) -> fuse_write_in {
        var fixed = fuse_write_in()
        fixed.offset = 10
        fixed.size = count
        return fixed
    }
}
