internal import CLinuxFuse

/// What the kernel offers at the start.
package struct InitializeRequest: BitwiseCopyable, Equatable, Sendable {
    package var major: UInt32
    package var minor: UInt32
    package var readaheadBytesMax: UInt32
    /// Single bits, see `InitializeFlags`.
    package var flags: UInt64

    package init(major: UInt32, minor: UInt32, readaheadBytesMax: UInt32, flags: UInt64) {
        self.major = major
        self.minor = minor
        self.readaheadBytesMax = readaheadBytesMax
        self.flags = flags
    }
}

/// What kernel and file system agree on.
package struct InitializeFlags: OptionSet, Sendable {
    package let rawValue: UInt64
    package init(rawValue: UInt64) { self.rawValue = rawValue }

    package static let asyncRead = Self(rawValue: 1 << 0)
    package static let atomicTruncate = Self(rawValue: 1 << 3)
    package static let exportSupport = Self(rawValue: 1 << 4)
    package static let bigWrites = Self(rawValue: 1 << 5)
    package static let dontMask = Self(rawValue: 1 << 6)
    package static let readDirectoryPlus = Self(rawValue: 1 << 13)
    package static let readDirectoryPlusAuto = Self(rawValue: 1 << 14)
    package static let writebackCache = Self(rawValue: 1 << 16)
    package static let noOpenSupport = Self(rawValue: 1 << 17)
    package static let parallelDirectoryOperations = Self(rawValue: 1 << 18)
    package static let posixAccessLists = Self(rawValue: 1 << 20)
    package static let abortError = Self(rawValue: 1 << 21)
    package static let maxPages = Self(rawValue: 1 << 22)
    package static let cacheSymbolicLinks = Self(rawValue: 1 << 23)
    package static let noOpenDirectorySupport = Self(rawValue: 1 << 24)
    package static let handleKillPrivilegesV2 = Self(rawValue: 1 << 28)
    package static let extendedSetAttribute = Self(rawValue: 1 << 29)
    package static let extendedInitialize = Self(rawValue: 1 << 30)
    package static let hasResend = Self(rawValue: 1 << 39)
}

/// The answer to INIT as a pure function of what was offered.
package struct Negotiation: Equatable, Sendable {
    package var minor: UInt32
    package var flags: InitializeFlags
    package var readaheadBytesMax: UInt32
    package var writeBytesMax: UInt32

    /// The kernel speaks another major version and must start again with ours.
    package static let major: UInt32 = 7
    /// What this code was written against.
    package static let minorMax: UInt32 = 41

    /// Everything wanted; what a kernel does not offer is left out of the answer.
    ///
    /// Not wanted, on purpose: ATOMIC_O_TRUNC (opens are not sent at all), WRITEBACK_CACHE (it
    /// merges overlapping writes), AUTO_INVAL_DATA (nobody else changes the tree), POSIX_LOCKS
    /// (locks stay in the kernel).
    package static let wanted: InitializeFlags = [
        .asyncRead, .exportSupport, .bigWrites, .dontMask, .readDirectoryPlus,
        .readDirectoryPlusAuto, .noOpenSupport, .parallelDirectoryOperations, .posixAccessLists,
        .abortError, .maxPages, .cacheSymbolicLinks, .noOpenDirectorySupport,
        .handleKillPrivilegesV2, .extendedSetAttribute, .extendedInitialize, .hasResend,
    ]

    /// nil when the kernel's major version is below ours: there is no common language.
    package init?(_ offer: InitializeRequest, writeBytesMax: Int) {
        guard offer.major >= Self.major else { return nil }
        minor = min(offer.minor, Self.minorMax)
        flags = Self.wanted.intersection(InitializeFlags(rawValue: offer.flags))
        readaheadBytesMax = offer.readaheadBytesMax
        // Without MAX_PAGES a request holds 32 pages.
        let bound = flags.contains(.maxPages) ? writeBytesMax : 32 * Self.pageBytes
        self.writeBytesMax = UInt32(min(writeBytesMax, bound))
    }

    package static let pageBytes = 4096

    /// Bytes of the answer's body.
    package static let byteCount = MemoryLayout<fuse_init_out>.size

    package func encode(into body: UnsafeMutableRawBufferPointer) {
        var answer = fuse_init_out()
        answer.major = Self.major
        answer.minor = minor
        answer.max_readahead = readaheadBytesMax
        answer.flags = UInt32(truncatingIfNeeded: flags.rawValue)
        answer.flags2 = UInt32(truncatingIfNeeded: flags.rawValue >> 32)
        answer.max_background = 64
        answer.congestion_threshold = 48
        answer.max_write = writeBytesMax
        answer.time_gran = 1
        answer.max_pages = UInt16(Int(writeBytesMax) / Self.pageBytes)
        body.storeBytes(of: answer, as: fuse_init_out.self)
    }
}
