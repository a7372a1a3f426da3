import CLinuxFuse
import FuseKernel
import Testing

@Suite struct ReplyTests {
    private let room = UnsafeMutableRawBufferPointer.allocate(byteCount: 8192, alignment: 8)

    private func head() -> fuse_out_header { room.load(as: fuse_out_header.self) }

    @Test func `an error is a negative number`() {
        defer { room.deallocate() }
        #expect(Reply(room).failure(5, 2) == 16)
        #expect(head().error == -2)
        #expect(head().unique == 5)
        #expect(head().len == 16)
    }

    @Test func `an entry has the kernel's form`() {
        defer { room.deallocate() }
        var entry = Entry()
        entry.node = 11
        entry.generation = 12
        entry.validSeconds = 13
        entry.attributes.fields.size = 14
        entry.attributes.validSeconds = 15
        #expect(Reply(room).entry(5, entry) == 16 + 128)
        let body = room.load(fromByteOffset: 16, as: fuse_entry_out.self)
        #expect(body.nodeid == 11)
        #expect(body.generation == 12)
        #expect(body.entry_valid == 13)
        #expect(body.attr.size == 14)
        #expect(body.attr_valid == 15)
        #expect(Reply(room).openedEntry(5, entry) == 16 + 128 + 16)
    }

    @Test func `sizes of the kernel's structures are as it expects`() {
        defer { room.deallocate() }
        #expect(MemoryLayout<fuse_in_header>.size == RequestHeader.byteCount)
        #expect(MemoryLayout<understudy_fuse_statx>.size == 256)
        #expect(MemoryLayout<understudy_fuse_statx_out>.size == 288)
        #expect(MemoryLayout<understudy_fuse_statx_in>.size == 24)
        #expect(MemoryLayout<fuse_attr_out>.size == 104)
    }

    @Test(
        arguments: [(1, 3), (259, 300_000), (8, 17), (4095, 1_048_575), (0, 0)]
            as [(UInt64, UInt64)])
    func `device numbers survive both forms`(major: UInt64, minor: UInt64) {
        defer { room.deallocate() }
        let wide = minor & 0xFF | (major & 0xFFF) << 8 | (minor & ~0xFF) << 12
        let narrow: UInt32 = NodeAttributes.deviceNumber(wide)
        #expect(narrow == UInt32(minor & 0xFF | major << 8 | (minor & ~0xFF) << 12))
        #expect(NodeAttributes.deviceNumber(narrow) == wide)
    }

    @Test func `notifications answer no request`() {
        defer { room.deallocate() }
        #expect(Notification.attributesChanged(node: 7).encode(into: room) == 16 + 24)
        #expect(head().unique == 0)
        #expect(head().error == 2)
        let body = room.load(fromByteOffset: 16, as: fuse_notify_inval_inode_out.self)
        #expect(body.ino == 7)
        #expect(body.off == -1)
        #expect(Notification.resend.encode(into: room) == 16)
        #expect(head().error == 7)
    }
}
