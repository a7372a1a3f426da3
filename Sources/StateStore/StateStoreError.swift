/// Why the store could not answer or change something. Whatever is thrown, nothing was changed.
package enum StateStoreError: Error, Sendable, Equatable {
    // The file.
    case cannotOpen(path: String, reason: String)
    case damaged(path: String, reason: String)
    /// A newer version of the program has written the file.
    case tooNew(path: String)
    case diskFull(path: String)
    case failed(path: String, reason: String)

    // What was asked.
    case invalidName(String, reason: String)
    case otherServer(name: String, wanted: String)
    case noSuchReplicationSet(String)
    case replicationSetExists(String)
    /// Somebody else has changed the set since the caller looked at it.
    case replicationSetChanged(String, generation: Int, expected: Int)
    case replicationSetInUse(String, connection: Int)
    case replicationSetNotSaved(String)
    case noSuchRule(path: String, set: String)
    case tooManyConnectedSets(max: Int)
    case noSuchMount(String)
    case mountInUse(String, connection: Int)
    case tooManyMounts(max: Int)
    case noSuchPeer(String)
    case peerInUse(String)
    case noSuchConnection(Int)
    case connectionExists(set: String, target: String, connection: Int)
    case noSuchIncomingConnection(String)
}

extension StateStoreError: CustomStringConvertible {
    /// Lower case, no full stop: what was got and what to do.
    package var description: String { fileDescription ?? requestDescription }

    private var fileDescription: String? {
        switch self {
        case .cannotOpen(let path, let reason):
            "the state database '\(path)' cannot be opened: \(reason)"
        case .damaged(let path, let reason):
            "the state database '\(path)' is damaged (\(reason)); put a copy of it back, "
                + "or move it away to start anew"
        case .tooNew(let path):
            "the state database '\(path)' was written by a newer version of understudyd"
        case .diskFull(let path):
            "no space left to write the state database '\(path)'; nothing was changed"
        case .failed(let path, let reason):
            "the state database '\(path)' cannot be used: \(reason)"
        default: nil
        }
    }

    private var requestDescription: String {
        switch self {
        case .invalidName(let name, let reason): "the name '\(name)' cannot be used: \(reason)"
        case .otherServer(let name, let wanted):
            "the state belongs to server '\(name)', not to '\(wanted)'"
        case .noSuchReplicationSet(let name): "there is no replication set '\(name)'"
        case .replicationSetExists(let name): "there is already a replication set '\(name)'"
        case .replicationSetChanged(let name, let generation, let expected):
            "replication set '\(name)' was changed meanwhile (generation \(generation), "
                + "expected \(expected)); look at it again"
        case .replicationSetInUse(let name, let connection):
            "replication set '\(name)' is connected (connection \(connection)); disconnect it first"
        case .replicationSetNotSaved(let name):
            "replication set '\(name)' has changes that are not saved"
        case .noSuchRule(let path, let set): "replication set '\(set)' has no rule for '\(path)'"
        case .tooManyConnectedSets(let max):
            "at most \(max) replication sets can be connected at one time"
        case .noSuchMount(let path): "'\(path)' is no DTFS mount"
        case .mountInUse(let path, let connection):
            "connection \(connection) replicates through the DTFS mount '\(path)'"
        case .tooManyMounts(let max): "at most \(max) paths can be DTFS mounts"
        case .noSuchPeer(let name): "no server '\(name)' is known here"
        case .peerInUse(let name): "server '\(name)' has connections"
        case .noSuchConnection(let id): "there is no connection \(id)"
        case .connectionExists(let set, let target, let connection):
            "replication set '\(set)' is already connected to '\(target)' "
                + "(connection \(connection))"
        case .noSuchIncomingConnection(let uuid): "no connection \(uuid) comes in here"
        case .cannotOpen, .damaged, .tooNew, .diskFull, .failed: fileDescription ?? ""
        }
    }
}
