internal import CPosix
internal import Glibc

/// A plain thread with a name, for work that blocks. The cooperative pool must never block, so
/// everything that waits for disks, locks or other processes runs on one of these.
package enum WorkerThread {
    private final class Body {
        let name: String
        let run: @Sendable () -> Void
        init(_ name: String, _ run: @escaping @Sendable () -> Void) {
            self.name = name
            self.run = run
        }
    }

    /// Starts a thread that ends when `run` returns. Names are cut to 15 bytes, as the kernel does.
    package static func start(_ name: String, _ run: @escaping @Sendable () -> Void) {
        let body = Unmanaged.passRetained(Body(name, run))
        let result = cposix_startThread(
            { argument in
                guard let argument else { return nil }
                let body = Unmanaged<Body>.fromOpaque(argument).takeRetainedValue()
                cposix_nameThread(String(body.name.prefix(15)))
                body.run()
                return nil
            }, body.toOpaque())
        precondition(result == 0, "no thread can be started: errno \(-result)")
    }

    /// Runs something that blocks, off the cooperative pool, and waits for it.
    package static func run<Success: Sendable, Failure: Error>(
        _ name: String, _ body: @escaping @Sendable () throws(Failure) -> Success
    ) async throws(Failure) -> Success {
        let result: Result<Success, Failure> = await withCheckedContinuation { continuation in
            start(name) {
                do throws(Failure) {
                    continuation.resume(returning: .success(try body()))
                } catch {
                    continuation.resume(returning: .failure(error))
                }
            }
        }
        return try result.get()
    }
}
