import Synchronization

/// What was typed and not read yet; shared by the editor and by questions in between.
package final class TypeAhead: Sendable {
    private let keys = Mutex(KeyDecoder())

    package init() {}

    func next() -> KeyDecoder.Key? { keys.withLock { $0.next() } }

    var isEmpty: Bool { keys.withLock { $0.isEmpty } }

    func add(_ bytes: some Sequence<UInt8>) { keys.withLock { $0.add(bytes) } }

    func clear() { keys.withLock { $0.clear() } }

    /// The bytes up to the end of a line, or all there are, and whether that end was there.
    func takeLine() -> (bytes: [UInt8], isWhole: Bool) { keys.withLock { $0.takeLine() } }
}
