import CPosix

/// A plain thread for what blocks or calculates for long: the cooperative pool must do neither.
enum HostThread {
    private final class Body {
        let name: String
        let run: @Sendable () -> Void

        init(_ name: String, _ run: @escaping @Sendable () -> Void) {
            self.name = name
            self.run = run
        }
    }

    /// Starts a thread that ends when `run` returns. Names are cut to 15 bytes.
    /// - Returns: whether the system had room for one more.
    static func start(_ name: String, _ run: @escaping @Sendable () -> Void) -> Bool {
        let body = Unmanaged.passRetained(Body(name, run))
        let result = cposix_startThread(
            { argument in
                guard let argument else { return nil }
                let body = Unmanaged<Body>.fromOpaque(argument).takeRetainedValue()
                cposix_nameThread(String(decoding: body.name.utf8.prefix(15), as: UTF8.self))
                body.run()
                return nil
            }, body.toOpaque())
        if result != 0 { body.release() }
        return result == 0
    }
}
