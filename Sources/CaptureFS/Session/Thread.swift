internal import CLinuxFuse
internal import CPosix
internal import Glibc

/// A plain thread of its own; it ends when its work does, and nobody waits for it.
enum Thread {
    private final class Box {
        let work: @Sendable () -> Void
        init(_ work: @escaping @Sendable () -> Void) { self.work = work }
    }

    /// 0 or an errno.
    static func start(_ work: @escaping @Sendable () -> Void) -> CInt {
        let box = Unmanaged.passRetained(Box(work))
        var attributes = pthread_attr_t()
        pthread_attr_init(&attributes)
        defer { pthread_attr_destroy(&attributes) }
        pthread_attr_setdetachstate(&attributes, CInt(PTHREAD_CREATE_DETACHED))
        pthread_attr_setstacksize(&attributes, 1 << 20)
        var thread = pthread_t()
        let result = pthread_create(
            &thread, &attributes,
            { context in
                guard let context else { return nil }
                let box = Unmanaged<Box>.fromOpaque(context).takeRetainedValue()
                box.work()
                return nil
            }, box.toOpaque())
        if result != 0 { box.release() }
        return result
    }
}
