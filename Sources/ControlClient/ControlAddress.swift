/// Where a server's control interface is.
package struct ControlAddress: Sendable, Hashable, CustomStringConvertible {
    package var socketPath: String

    package init(socketPath: String) {
        self.socketPath = socketPath
    }

    /// Reads `unix:PATH`; nil for everything else.
    package init?(_ text: String) {
        guard text.hasPrefix("unix:"), text.utf8.count > 5 else { return nil }
        socketPath = String(text.dropFirst(5))
    }

    package var description: String { "unix:\(socketPath)" }
}
