package import ReplicationModel

extension ObjectAttributes {
    /// From the fields of a `struct stat`; times in nanoseconds. The size of anything but regular
    /// files and symbolic links says nothing about content and is taken as 0.
    package init(
        mode: UInt32, user: UInt32, group: UInt32, linkCount: UInt64, device: UInt64,
        size: Int64, accessed: Int64, modified: Int64
    ) {
        self.init()
        self.mode = mode
        self.user = user
        self.group = group
        self.linkCount = UInt32(truncatingIfNeeded: linkCount)
        self.accessed = accessed
        self.modified = modified
        switch type {
        case .regular, .symbolicLink: self.size = size
        case .blockDevice, .characterDevice:
            deviceMajor = UInt32(
                truncatingIfNeeded: (device >> 8) & 0xFFF | (device >> 32) & ~0xFFF)
            deviceMinor = UInt32(truncatingIfNeeded: device & 0xFF | (device >> 12) & ~0xFF)
        default: break
        }
    }

    /// The device number as Linux packs it into a `dev_t`.
    package var device: UInt64 {
        let major = UInt64(deviceMajor)
        let minor = UInt64(deviceMinor)
        return (major & 0xFFF) << 8 | minor & 0xFF | (minor & ~0xFF) << 12 | (major & ~0xFFF) << 32
    }
}
