package import FileSystemAccess

/// Why the stream cannot go on at the moment.
package enum ApplyError: Error, Hashable, Sendable {
    /// The whole target is in trouble (no space, quota, I/O error, no descriptors): nothing was
    /// skipped; the same call is made again after a pause.
    case retry(Errno)
    /// The connection's own state (map, checkpoint) cannot be read or written; as `retry`.
    case state(Errno)
    /// The target folder of a mapping cannot be made or opened.
    case root(mapping: Int, Errno)

    /// What kind of trouble it is.
    package enum Kind: Hashable, Sendable {
        /// Comes right when something is removed: deletions first.
        case space
        /// A disk or a file system that fails.
        case device
        /// This machine is short of memory or descriptors.
        case resources
        /// The connection's own files.
        case state
        /// The folder that is to be replicated to.
        case root
    }

    package var kind: Kind {
        switch self {
        case .state(let errno): errno.isAboutSpace ? .space : .state
        case .root: .root
        case .retry(let errno):
            if errno.isAboutSpace {
                .space
            } else if errno == .inputOutput || errno == .readOnly {
                .device
            } else {
                .resources
            }
        }
    }

    package var errno: Errno {
        switch self {
        case .retry(let errno), .state(let errno), .root(_, let errno): errno
        }
    }
}

extension ApplyError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .retry(let errno): "the target cannot take changes: \(errno)"
        case .state(let errno): "the connection's state cannot be kept: \(errno)"
        case .root(let mapping, let errno): "target folder \(mapping) cannot be opened: \(errno)"
        }
    }
}

extension Errno {
    var isAboutSpace: Bool { self == .noSpace || self == .quota }

    /// Whether it says something about the whole target, not about one object.
    var concernsWholeTarget: Bool {
        switch self {
        case .noSpace, .quota, .inputOutput, .readOnly, .noMemory, .processFiles, .systemFiles: true
        default: false
        }
    }
}
