internal import CLinuxFuse
internal import CPosix
package import FuseKernel
internal import Glibc
internal import ReplicationModel
internal import Synchronization

/// What one thread that serves requests needs: its own channels to the kernel, its buffers (made
/// once), and who it acts as at the moment. Used by its thread only, but for the atomics.
package final class Worker: @unchecked Sendable {
    /// Where the kernel's requests are read without waiting, and where they are waited for.
    let lookingChannel: CInt
    let sleepingChannel: CInt
    /// Where the last request came from; its answer must go back there.
    var channel: CInt
    var pace = Pace()
    package let reply: Reply
    let input: UnsafeMutableRawBufferPointer
    let output: UnsafeMutableRawBufferPointer
    /// For entries, names and attribute values on their way.
    let scratch: UnsafeMutableRawBufferPointer

    /// It is one of those who read requests. Taken away when it may be busy for long, so that
    /// another thread reads on.
    let hasSeat = Atomic<Bool>(false)
    /// Requests begun, twice, plus one while one is being served.
    let progress = Atomic<UInt64>(0)
    private let seats: Seats?

    private var user: UInt32 = 0
    private var group: UInt32 = 0
    private var mask: UInt32 = UInt32.max

    static let requestBytesMax = Limits.writeBytesMax + 4096
    static let scratchBytes = 192 * 1024

    /// `seats` is nil where one thread does everything (tests). Buffers are touched only as far as
    /// requests need them.
    package init(looking: CInt, sleeping: CInt, seats: Seats?) {
        lookingChannel = looking
        sleepingChannel = sleeping
        channel = looking
        self.seats = seats
        input = .allocate(byteCount: Self.requestBytesMax, alignment: 4096)
        output = .allocate(byteCount: Self.requestBytesMax, alignment: 4096)
        scratch = .allocate(byteCount: Self.scratchBytes, alignment: 4096)
        reply = Reply(output)
    }

    deinit {
        input.deallocate()
        output.deallocate()
        scratch.deallocate()
    }

    /// What comes now may wait for a disk: somebody else should read requests meanwhile.
    func willBlock() {
        if hasSeat.exchange(false, ordering: .acquiringAndReleasing) { seats?.pass() }
    }

    // MARK: Who acts

    /// Must be called once on the worker's own thread.
    package func begin() {
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
