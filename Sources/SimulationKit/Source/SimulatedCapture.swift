internal import FileSystemAccess
internal import Journal
internal import ReplicationModel

/// The capture below the source's program: makes hot what is about to change, and appends what
/// changed. Lives until the power goes or the mount is lost.
final class SimulatedCapture {
    let writer: JournalWriter
    let hot: HotLog
    private var passes: [HotPass] = []

    static let folder = BytePath("/sourceState/hot")
    static let mount: UInt32 = 1
    /// Sectors of a hot file.
    static let stretch = 4

    /// Where the journal's memory ends, a simulation has no second process: the writer uses it too.
    init(memory: JournalMemory) {
        writer = JournalWriter(memory: memory)
        hot = HotLog(folder: Self.folder, mount: Self.mount, stretch: Self.stretch)
    }

    func willTouch(_ inodes: [UInt64]) {
        let pass = hot.enter()
        passes.append(pass)
        guard writer.isWatched else { return }
        let four = inodes + [0, 0, 0, 0]
        hot.ensureHot(pass, four[0], four[1], four[2], four[3])
    }

    func append(_ record: OperationRecord, _ payload: [UInt8]) -> UInt64 {
        payload.withUnsafeBytes { writer.append(record, $0) }
    }

    /// The operation ended.
    func leave() {
        for pass in passes { hot.leave(pass) }
        passes = []
    }
}
