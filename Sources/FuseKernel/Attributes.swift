package import CLinuxFuse

extension NodeAttributes {
    /// From what `fstat` says.
    package init(_ status: stat, validSeconds: UInt64) {
        fields.ino = UInt64(status.st_ino)
        fields.size = UInt64(status.st_size)
        fields.blocks = UInt64(status.st_blocks)
        fields.atime = UInt64(bitPattern: Int64(status.st_atim.tv_sec))
        fields.mtime = UInt64(bitPattern: Int64(status.st_mtim.tv_sec))
        fields.ctime = UInt64(bitPattern: Int64(status.st_ctim.tv_sec))
        fields.atimensec = UInt32(status.st_atim.tv_nsec)
        fields.mtimensec = UInt32(status.st_mtim.tv_nsec)
        fields.ctimensec = UInt32(status.st_ctim.tv_nsec)
        fields.mode = status.st_mode
        fields.nlink = UInt32(truncatingIfNeeded: status.st_nlink)
        fields.uid = status.st_uid
        fields.gid = status.st_gid
        fields.rdev = Self.deviceNumber(UInt64(status.st_rdev))
        fields.blksize = UInt32(truncatingIfNeeded: status.st_blksize)
        self.validSeconds = validSeconds
    }

    /// The C library's 64-bit device number in the kernel's 32 bits.
    package static func deviceNumber(_ number: UInt64) -> UInt32 {
        let major = (number >> 8) & 0xFFF | (number >> 32) & ~0xFFF
        let minor = number & 0xFF | (number >> 12) & ~0xFF
        return UInt32(truncatingIfNeeded: minor & 0xFF | major << 8 | (minor & ~0xFF) << 12)
    }

    /// The other way round.
    package static func deviceNumber(_ number: UInt32) -> UInt64 {
        let wide = UInt64(number)
        let major = (wide >> 8) & 0xFFF
        let minor = wide & 0xFF | (wide >> 12) & 0xFFF00
        return minor & 0xFF | major << 8 | (minor & ~0xFF) << 12
    }
}

extension Reply {
    /// The answer to STATX.
    package func extendedStatus(
        _ unique: UInt64, _ status: statx, validSeconds: UInt64
    ) -> Int {
        var answer = understudy_fuse_statx_out()
        answer.attr_valid = validSeconds
        answer.stat.mask = status.stx_mask
        answer.stat.blksize = status.stx_blksize
        answer.stat.attributes = status.stx_attributes
        answer.stat.nlink = status.stx_nlink
        answer.stat.uid = status.stx_uid
        answer.stat.gid = status.stx_gid
        answer.stat.mode = status.stx_mode
        answer.stat.ino = status.stx_ino
        answer.stat.size = status.stx_size
        answer.stat.blocks = status.stx_blocks
        answer.stat.attributes_mask = status.stx_attributes_mask
        answer.stat.atime = time(status.stx_atime)
        answer.stat.btime = time(status.stx_btime)
        answer.stat.ctime = time(status.stx_ctime)
        answer.stat.mtime = time(status.stx_mtime)
        answer.stat.rdev_major = status.stx_rdev_major
        answer.stat.rdev_minor = status.stx_rdev_minor
        return value(unique, answer)
    }

    private func time(_ time: statx_timestamp) -> understudy_fuse_time {
        understudy_fuse_time(seconds: time.tv_sec, nanoseconds: time.tv_nsec, reserved: 0)
    }

    /// The answer to STATFS.
    package func statistics(_ unique: UInt64, _ status: statvfs) -> Int {
        var answer = fuse_statfs_out()
        answer.st.blocks = UInt64(status.f_blocks)
        answer.st.bfree = UInt64(status.f_bfree)
        answer.st.bavail = UInt64(status.f_bavail)
        answer.st.files = UInt64(status.f_files)
        answer.st.ffree = UInt64(status.f_ffree)
        answer.st.bsize = UInt32(truncatingIfNeeded: status.f_bsize)
        answer.st.namelen = UInt32(truncatingIfNeeded: status.f_namemax)
        answer.st.frsize = UInt32(truncatingIfNeeded: status.f_frsize)
        return value(unique, answer)
    }
}
