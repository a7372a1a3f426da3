/// A path whose changes a capture records.
package struct Mount: Sendable, Hashable {
    /// From 1 to 255: the mount's number in `FileID` and in every record. A path keeps its number
    /// when it is mounted again, so that identities a target knows stay true.
    package let number: Int
    package let path: String
    /// Whether it is mounted again at the next start.
    package let persistent: Bool
}
