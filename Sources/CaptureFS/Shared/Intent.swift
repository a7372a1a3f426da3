internal import CLinuxFuse
internal import CPosix
internal import FuseKernel
internal import Glibc
internal import ReplicationModel
internal import Synchronization

/// What a worker is about to do, in the shared memory. The request itself lies in the worker's
/// input, which is shared as well; here stands how far it has got, and what was found before the
/// effect and cannot be found after it.
///
/// A request whose effect may have happened is *begun*. It is *done* when the effect, its record
/// and the answer (in the worker's output) are made; both while the object's shards are held, so
/// that nobody else's change lies between.
struct Intent {
    let base: UnsafeMutableRawPointer

    init(_ base: UnsafeMutableRawPointer) { self.base = base }

    enum Stage: UInt64 {
        case none
        case begun
        case done
    }

    /// The kernel numbers requests from 2 upwards; the highest bit says that it was sent before.
    static func plain(_ unique: UInt64) -> UInt64 { unique & ~understudy_fuse_unique_resend }

    // MARK: How far

    /// Which request, and how far it has got: one word.
    var state: (unique: UInt64, stage: Stage) {
        let word = atomic(0).pointee.load(ordering: .acquiring)
        return (word >> 2, Stage(rawValue: word & 3) ?? .none)
    }

    /// From here on the effect may have happened.
    @inline(__always)
    func begin(_ unique: UInt64) {
        began = cposix_realtimeCoarse()
        set(unique, .begun)
    }

    /// Effect, record and answer are made.
    @inline(__always)
    func finish(_ unique: UInt64, answer byteCount: Int) {
        base.storeBytes(of: byteCount, toByteOffset: 8, as: Int.self)
        set(unique, .done)
    }

    /// Nothing has happened, and the caller was or will be told so.
    @inline(__always)
    func clear() { atomic(0).pointee.store(0, ordering: .releasing) }

    @inline(__always)
    private func set(_ unique: UInt64, _ stage: Stage) {
        atomic(0).pointee.store(
            Self.plain(unique) << 2 | stage.rawValue, ordering: .releasing)
    }

    var answerBytes: Int { base.load(fromByteOffset: 8, as: Int.self) }

    /// Nothing that the file system dates earlier is the effect.
    var began: Int64 {
        get { base.load(fromByteOffset: 16, as: Int64.self) }
        nonmutating set { base.storeBytes(of: newValue, toByteOffset: 16, as: Int64.self) }
    }

    // MARK: What was there before

    /// Bytes of the file; or 1 where an extended attribute was there.
    var size: Int64 {
        get { base.load(fromByteOffset: 24, as: Int64.self) }
        nonmutating set { base.storeBytes(of: newValue, toByteOffset: 24, as: Int64.self) }
    }

    /// The object whose name goes or moves.
    var object: (status: stat, file: FileID) {
        get { found(at: 128) }
        nonmutating set { keep(newValue, at: 128) }
    }

    /// The object whose name it gets; `FileID.none`: there is none.
    var replaced: (status: stat, file: FileID) {
        get { found(at: 320) }
        nonmutating set { keep(newValue, at: 320) }
    }

    private func found(at place: Int) -> (stat, FileID) {
        (
            base.load(fromByteOffset: place, as: stat.self),
            base.load(fromByteOffset: place + 160, as: FileID.self)
        )
    }

    private func keep(_ value: (status: stat, file: FileID), at place: Int) {
        base.storeBytes(of: value.status, toByteOffset: place, as: stat.self)
        base.storeBytes(of: value.file, toByteOffset: place + 160, as: FileID.self)
    }

    // MARK: What the kernel was told, or has told

    /// A node that was counted for an answer that the kernel may not have got.
    var counted: (unique: UInt64, node: UInt64) {
        get {
            (
                atomic(40).pointee.load(ordering: .acquiring),
                base.load(fromByteOffset: 48, as: UInt64.self)
            )
        }
        nonmutating set {
            base.storeBytes(of: newValue.node, toByteOffset: 48, as: UInt64.self)
            atomic(40).pointee.store(newValue.unique, ordering: .releasing)
        }
    }

    /// How many bytes of a listing's entries, each with a node that was counted, are in the output.
    var listed: (unique: UInt64, byteCount: Int) {
        get {
            (
                base.load(fromByteOffset: 72, as: UInt64.self),
                Int(truncatingIfNeeded: atomic(80).pointee.load(ordering: .acquiring))
            )
        }
        nonmutating set {
            let unique = Self.plain(newValue.unique)
            if base.load(fromByteOffset: 72, as: UInt64.self) != unique {
                atomic(80).pointee.store(0, ordering: .sequentiallyConsistent)
                base.storeBytes(of: unique, toByteOffset: 72, as: UInt64.self)
            }
            atomic(80).pointee.store(UInt64(newValue.byteCount), ordering: .releasing)
        }
    }

    /// How many nodes of a request to forget some were forgotten; counted before each is.
    var forgotten: (unique: UInt64, count: Int) {
        get {
            (
                base.load(fromByteOffset: 56, as: UInt64.self),
                Int(truncatingIfNeeded: atomic(64).pointee.load(ordering: .acquiring))
            )
        }
        nonmutating set {
            atomic(64).pointee.store(UInt64(newValue.count), ordering: .sequentiallyConsistent)
            base.storeBytes(of: newValue.unique, toByteOffset: 56, as: UInt64.self)
        }
    }

    private func atomic(_ place: Int) -> UnsafeMutablePointer<Atomic<UInt64>> {
        (base + place).assumingMemoryBound(to: Atomic<UInt64>.self)
    }
}
