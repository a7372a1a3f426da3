/// Which part of a mapping's tree belongs to the replicated set.
package protocol MirrorFilter {
    /// Whether every path does, so that none has to be asked.
    var includesAll: Bool { get }
    /// `path` is relative to the mapping's root. A directory counts as included when anything below
    /// it is.
    func includes(_ path: UnsafeRawBufferPointer, isDirectory: Bool) -> Bool
}

/// Everything.
package struct IncludeAll: MirrorFilter, Sendable {
    package init() {}
    package var includesAll: Bool { true }
    package func includes(_ path: UnsafeRawBufferPointer, isDirectory: Bool) -> Bool { true }
}
