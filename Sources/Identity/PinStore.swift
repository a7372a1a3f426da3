internal import Synchronization

/// The peers that a server talks to: whoever proves to have one of these certificates. Shared
/// between the control plane, which changes it at any time, and the event loops, which ask.
package final class PinStore: Sendable {
    private let pins: Mutex<Set<Fingerprint>>

    package init(_ fingerprints: some Sequence<Fingerprint> = []) {
        pins = Mutex(Set(fingerprints))
    }

    package func contains(_ fingerprint: Fingerprint) -> Bool {
        pins.withLock { $0.contains(fingerprint) }
    }

    package func add(_ fingerprint: Fingerprint) {
        pins.withLock { _ = $0.insert(fingerprint) }
    }

    /// New handshakes with it fail from now on; links that are up stay up until somebody closes
    /// them.
    package func remove(_ fingerprint: Fingerprint) {
        pins.withLock { _ = $0.remove(fingerprint) }
    }

    package func replace(with fingerprints: some Sequence<Fingerprint>) {
        let new = Set(fingerprints)
        pins.withLock { $0 = new }
    }

    package var all: Set<Fingerprint> { pins.withLock { $0 } }
}
