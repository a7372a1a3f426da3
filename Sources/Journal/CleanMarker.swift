internal import FileSystemAccess

/// Says, beside the segments, that the machine was stopped cleanly and where the journal ended.
enum CleanMarker {
    static let name = "queue-clean"

    /// A journal that is in use has not ended.
    static func remove(_ folder: BytePath) {
    }
}
