/// What a caller may do.
package enum ControlAccess: Int, Sendable, Comparable {
    /// Only what names no state: who the server is.
    case none
    /// Look at everything.
    case monitor
    /// Change everything.
    case full

    package static func < (left: ControlAccess, right: ControlAccess) -> Bool {
        left.rawValue < right.rawValue
    }
}
