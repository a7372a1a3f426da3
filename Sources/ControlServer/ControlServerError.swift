/// Why the control socket could not be opened.
package enum ControlServerError: Error, Sendable, Equatable {
    case pathTooLong(String, bytesMax: Int)
    case notASocket(String)
    /// Another server answers on it.
    case inUse(String)
    case failed(String, reason: String)
}

extension ControlServerError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .pathTooLong(let path, let max):
            "the path of the control socket '\(path)' is longer than \(max) bytes; "
                + "choose a state folder with a shorter path"
        case .notASocket(let path):
            "'\(path)' should be the control socket, but is something else; move it away"
        case .inUse(let path): "another server answers on the control socket '\(path)'"
        case .failed(let path, let reason):
            "the control socket '\(path)' cannot be opened: \(reason)"
        }
    }
}
