import CLibEdit

/// libedit, opened the first time that somebody asks for it.
struct EditLibrary: @unchecked Sendable {
    // Unchecked: what it points to is set once, before anybody sees it.
    let calls: UnsafePointer<clibedit_library>

    /// nil where libedit is not installed.
    static let shared = EditLibrary()

    private init?() {
        let calls = UnsafeMutablePointer<clibedit_library>.allocate(capacity: 1)
        calls.initialize(to: clibedit_library())
        guard clibedit_open_library(calls) == 0 else {
            calls.deallocate()
            return nil
        }
        self.calls = UnsafePointer(calls)
    }
}
