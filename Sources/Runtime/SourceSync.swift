internal import CPosix
internal import FileSystemAccess
internal import Glibc
internal import Synchronization

/// Whether what stands in a connection's folders is on their disk.
///
/// What nobody captured is not hot. Were a target told of it before it is on the source's disk, a
/// power cut could take it from the source only, and nobody would look for it.
final class SourceSync: Sendable {
    enum State: Sendable { case needed, running, done }

    /// `turn` tells which sync ended.
    private let state = Mutex((state: State.needed, turn: 0))

    var now: State { state.withLock { $0.state } }

    /// Something may have changed since.
    func forget() {
        state.withLock {
            $0.state = .needed
            $0.turn += 1
        }
    }

    /// - Parameters:
    ///   - folders: descriptors of folders; they may be closed while it runs.
    ///   - tell: is called from a thread of its own at the end; with what went wrong, when it has
    ///     to be done again.
    func start(_ folders: [CInt], _ tell: @escaping @Sendable (Errno?) -> Void) throws(Errno) {
        var opened: [OwnedDescriptor] = []
        for folder in folders {
            opened.append(
                OwnedDescriptor(try SystemCall.open(at: folder, ".", O_RDONLY | O_DIRECTORY)))
        }
        let turn = state.withLock { state in
            state.state = .running
            return state.turn
        }
        WorkerThread.start("sync-source") { [opened] in
            let problem = Self.sync(opened)
            self.state.withLock { state in
                if state.turn == turn { state.state = problem == nil ? .done : .needed }
            }
            tell(problem)
        }
    }

    /// Brings what the file systems of these folders have to their disks. Answers what went wrong.
    static func sync(_ folders: [OwnedDescriptor]) -> Errno? {
        var problem: Errno?
        for folder in folders {
            let result = cposix_syncfs(folder.descriptor)
            if result < 0 { problem = Errno(rawValue: -result) }
        }
        return problem
    }
}
