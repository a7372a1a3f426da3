internal import CLinuxFuse
internal import CPosix
internal import FuseKernel
internal import Glibc
internal import ReplicationModel
internal import Synchronization

/// What one thread that serves requests needs: its own channels to the kernel, its buffers (in the
/// shared memory, so that a request survives the server), and who it acts as at the moment. Used by
/// its thread only, but for the atomics.
final class Worker: @unchecked Sendable {
    /// Where the kernel's requests are read without waiting, and where they are waited for.
    let lookingChannel: CInt
    let sleepingChannel: CInt
    /// Where the last request came from; its answer must go back there.
    var channel: CInt
    var pace = Pace()
    let reply: Reply
    let input: UnsafeMutableRawBufferPointer
    let output: UnsafeMutableRawBufferPointer
    /// For entries, names and attribute values on their way.
    let scratch: UnsafeMutableRawBufferPointer
    let intent: Intent
    /// What it carries out was begun by a server that was killed.
    var isRepeating = false
    /// Inodes to be made hot before the request can be carried out, and those that were (or could
    /// not be).
    var cold: [UInt64] = []
    var heated: [UInt64] = []
    /// The generation in which they were.
    var heatedGeneration: UInt32 = 0

    /// It is one of those who read requests. Taken away when it may be busy for long, so that
    /// another thread reads on.
    let hasSeat = Atomic<Bool>(false)
    /// Requests begun, twice, plus one while one is being served.
    let progress = Atomic<UInt64>(0)
    /// Odd from before it looks or waits for a request until there was none, or it is answered.
    let turn = Atomic<UInt64>(0)
    private let seats: Seats?
    private var isPresent = false

    private var user: UInt32 = 0
    private var group: UInt32 = 0
    private var mask: UInt32 = UInt32.max

    static let requestBytesMax = Limits.writeBytesMax + 4096
    static let scratchBytes = 192 * 1024

    /// `seats` is nil where one thread does everything. `number` is its place in the shared memory,
    /// which is touched only as far as requests need it.
    init(_ memory: SharedMemory, number: Int, looking: CInt, sleeping: CInt, seats: Seats?) {
        lookingChannel = looking
        sleepingChannel = sleeping
        channel = looking
        self.seats = seats
        input = memory.input(number)
        output = memory.output(number)
        intent = Intent(memory.slot(number))
        scratch = .allocate(byteCount: Self.scratchBytes, alignment: 4096)
        reply = Reply(output)
    }

    deinit { scratch.deallocate() }

    /// A reader that is killed while its buffer is brought in would fail the request: the kernel
    /// takes that for an unusable buffer.
    func makePresent() {
        guard !isPresent else { return }
        isPresent = true
        if let start = input.baseAddress { cposix_populate(start, input.count) }
    }

    /// What comes now may wait for a disk: somebody else should read requests meanwhile.
    func willBlock() {
        if hasSeat.exchange(false, ordering: .acquiringAndReleasing) { seats?.pass() }
    }

    // MARK: Requests

    /// Reads the next request; answers its bytes or -errno.
    @inline(__always)
    func read() -> Int {
        turn.wrappingAdd(1, ordering: .sequentiallyConsistent)
        // Only a request that was read whole has its length there.
        forgetRequest()
        return cposix_read(channel, input.baseAddress, input.count)
    }

    @inline(__always)
    func forgetRequest() { input.storeBytes(of: 0, as: UInt32.self) }

    /// Bytes of the request that was read last; 0: none.
    var receivedCount: Int { Int(input.load(as: UInt32.self)) }

    // MARK: Who acts

    /// Must be called once on the worker's own thread, and again when another thread takes over.
    func begin() {
        // A umask of its own.
        _ = cposix_unshareFileSystemState()
        user = 0
        group = 0
        mask = UInt32.max
    }

    /// From here on what this thread creates belongs to the caller, and counts against its quota.
    /// Nothing is refused to it: capabilities stay, the kernel has checked the caller's
    /// permissions.
    @inline(__always)
    func act(as header: RequestHeader) {
        guard header.user != user || header.group != group else { return }
        (user, group) = (header.user, header.group)
        cposix_actAs(user, group)
    }

    /// Sets the umask that the next creation uses where its directory has no default ACL.
    @inline(__always)
    func mask(_ bits: UInt32) {
        guard bits != mask else { return }
        mask = bits
        umask(mode_t(bits & 0o777))
    }

    /// Tells the kernel something outside any answer.
    func notify(_ notification: Notification) {
        withUnsafeTemporaryAllocation(
            byteCount: Notification.byteCountMax, alignment: 8
        ) { buffer in
            let count = notification.encode(into: buffer)
            _ = cposix_write(channel, buffer.baseAddress, count)
        }
    }
}
