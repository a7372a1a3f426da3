internal import CaptureControl
internal import CLinuxFuse
internal import CPosix
internal import Glibc
internal import Synchronization

/// What outlives a server that is killed: the nodes that the kernel knows, the rules, what each
/// worker was about to do. A memfd, mapped by the keeper and by every server that it makes.
///
/// Anything here may stop changing at any instruction. So whatever consists of several words has
/// one that says that it is valid, written last and taken back first.
///
/// ```
/// 0          header: counters and what was agreed with the kernel
/// 4096       rules: two texts, the header says which one counts
/// ...        answers: 256 places of 256 bytes
/// ...        slots: a page for each worker
/// ...        buffers: a request and an answer for each worker
/// ...        nodes: nodeCountMax x 128 bytes
/// ...        names: pages of 64 KiB, before them a byte for each that says what it holds
/// ```
final class SharedMemory: @unchecked Sendable {
    let descriptor: CInt
    let base: UnsafeMutableRawPointer
    let nodeCountMax: Int
    let namePageCount: Int
    private let byteCount: Int

    /// 8 Mi nodes: the kernel's own memory for as many is larger by far. Only what is used counts.
    static let nodeCountDefault = 8 << 20
    static let namePageCountDefault = 16384

    static let nodeStride = 128
    static let namePageBytes = 65536
    static let answerCount = 256
    static let answerStride = 256
    static let slotStride = 4096
    static let rulesStride = 4096 + CaptureRequest.byteCountMax

    private static let rulesPlace = 4096
    private static let answersPlace = rulesPlace + 2 * rulesStride
    private static let slotsPlace = answersPlace + answerCount * answerStride
    private static let buffersPlace = slotsPlace + Session.workerCountMax * slotStride
    private static let nodesPlace =
        buffersPlace + Session.workerCountMax * 2 * Worker.requestBytesMax

    /// "UNDTCAPT", and the version of all that lies here.
    private static let magic: UInt64 = 0x5450_4143_5444_4E55
    private static let version: UInt64 = 1

    /// nil where there is no memory.
    convenience init?(
        nodeCountMax: Int = SharedMemory.nodeCountDefault,
        namePageCount: Int = SharedMemory.namePageCountDefault
    ) {
        let total = Self.bytes(nodeCountMax, namePageCount)
        let descriptor = cposix_memfd("understudy-capture")
        guard descriptor >= 0 else { return nil }
        guard cposix_ftruncate(descriptor, off_t(total)) >= 0,
            let base = cposix_mapSparse(descriptor, total)
        else {
            _ = cposix_close(descriptor)
            return nil
        }
        self.init(descriptor, base, nodeCountMax, namePageCount)
        self[.magic] = Self.magic
        self[.version] = Self.version
        self[.nodeCountMax] = UInt64(nodeCountMax)
        self[.namePageCount] = UInt64(namePageCount)
    }

    /// What another program made and handed over; nil if it is not laid out as here. Owns the
    /// descriptor in the first case.
    convenience init?(descriptor: CInt) {
        var status = stat()
        guard cposix_fstat(descriptor, &status) >= 0,
            let base = cposix_mapSparse(descriptor, Int(status.st_size))
        else { return nil }
        func word(_ word: HeaderWord) -> UInt64 {
            base.load(fromByteOffset: word.rawValue * 8, as: UInt64.self)
        }
        let nodeCountMax = Int(truncatingIfNeeded: word(.nodeCountMax))
        let namePageCount = Int(truncatingIfNeeded: word(.namePageCount))
        guard word(.magic) == Self.magic, word(.version) == Self.version,
            Self.bytes(nodeCountMax, namePageCount) == Int(status.st_size)
        else {
            _ = cposix_unmap(base, Int(status.st_size))
            return nil
        }
        self.init(descriptor, base, nodeCountMax, namePageCount)
    }

    private init(
        _ descriptor: CInt, _ base: UnsafeMutableRawPointer, _ nodeCountMax: Int,
        _ namePageCount: Int
    ) {
        self.descriptor = descriptor
        self.base = base
        self.nodeCountMax = nodeCountMax
        self.namePageCount = namePageCount
        byteCount = Self.bytes(nodeCountMax, namePageCount)
    }

    private static func bytes(_ nodeCountMax: Int, _ namePageCount: Int) -> Int {
        nodesPlace + nodeCountMax * nodeStride + (namePageCount + 4095) & ~4095
            + namePageCount * namePageBytes
    }

    deinit {
        _ = cposix_unmap(base, byteCount)
        _ = cposix_close(descriptor)
    }

    // MARK: Places

    var answers: UnsafeMutableRawPointer { base + Self.answersPlace }
    var nodes: UnsafeMutableRawPointer { base + Self.nodesPlace }
    var namePageKinds: UnsafeMutableRawPointer { nodes + nodeCountMax * Self.nodeStride }
    var names: UnsafeMutableRawPointer { namePageKinds + (namePageCount + 4095) & ~4095 }

    func slot(_ worker: Int) -> UnsafeMutableRawPointer {
        base + Self.slotsPlace + worker * Self.slotStride
    }

    func input(_ worker: Int) -> UnsafeMutableRawBufferPointer {
        UnsafeMutableRawBufferPointer(
            start: base + Self.buffersPlace + 2 * worker * Worker.requestBytesMax,
            count: Worker.requestBytesMax)
    }

    func output(_ worker: Int) -> UnsafeMutableRawBufferPointer {
        UnsafeMutableRawBufferPointer(
            start: base + Self.buffersPlace + (2 * worker + 1) * Worker.requestBytesMax,
            count: Worker.requestBytesMax)
    }

    /// A word of the header that several threads change.
    func atomic(_ word: HeaderWord) -> UnsafeMutablePointer<Atomic<UInt64>> {
        (base + word.rawValue * 8).assumingMemoryBound(to: Atomic<UInt64>.self)
    }

    subscript(_ word: HeaderWord) -> UInt64 {
        get { atomic(word).pointee.load(ordering: .acquiring) }
        set { atomic(word).pointee.store(newValue, ordering: .releasing) }
    }

    /// Words of the header, by their index.
    enum HeaderWord: Int {
        case magic
        case version
        case nodeCountMax
        case namePageCount
        /// Records of the table that were ever in use, from its start.
        case nodesUsed
        /// Numbers of nodes that are no inode numbers, given so far.
        case nextForeign
        case takeovers
        /// 0, or bytes of the rules' text, twice, plus which of the two it is.
        case rules
        /// Answers ever kept.
        case answersKept
        /// Nodes that found no room here: they do not outlive the server.
        case unsharedNodes
        case operations
        case writes
        case writtenBytes
        case records
        /// Changes whose outcome could not be read.
        case unread
    }

    // MARK: For the next keeper

    /// What every server uses and what was agreed with the kernel.
    var handover: Handover {
        get { base.load(fromByteOffset: 1024, as: Handover.self) }
        set { base.storeBytes(of: newValue, toByteOffset: 1024, as: Handover.self) }
    }

    // MARK: Rules

    /// Kept as the text of the message that brought them.
    func keep(rules text: String) {
        var text = text
        let which = (self[.rules] & 1) ^ 1
        let place = base + Self.rulesPlace + Int(which) * Self.rulesStride
        let count = text.withUTF8 { bytes in
            let count = min(bytes.count, Self.rulesStride)
            if let start = bytes.baseAddress { place.copyMemory(from: start, byteCount: count) }
            return count
        }
        self[.rules] = UInt64(count) << 1 | which
    }

    var keptRules: String? {
        let word = self[.rules]
        guard word >> 1 > 0 else { return nil }
        let place = base + Self.rulesPlace + Int(word & 1) * Self.rulesStride
        let bytes = UnsafeRawBufferPointer(start: place, count: Int(word >> 1))
        return String(decoding: bytes, as: UTF8.self)
    }
}
