internal import CPosix

/// A plain thread of its own; it ends when its work does, and nobody waits for it.
enum Thread {
    private final class Box {
        let work: @Sendable () -> Void
        init(_ work: @escaping @Sendable () -> Void) { self.work = work }
    }

    /// 0 or an errno.
    static func start(_ work: @escaping @Sendable () -> Void) -> CInt {
        let box = Unmanaged.passRetained(Box(work))
        let result = cposix_startThread(
            { context in
                guard let context else { return nil }
                let box = Unmanaged<Box>.fromOpaque(context).takeRetainedValue()
                box.work()
                return nil
            }, box.toOpaque())
        if result != 0 { box.release() }
        return -result
    }
}
