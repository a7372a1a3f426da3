internal import ReplicationModel

/// The last identities that were put in, a bounded number; the oldest goes first.
struct RecentFiles {
    private var members: Set<FileID> = []
    private var order: [FileID] = []
    private var oldest = 0
    private let countMax: Int

    init(countMax: Int) { self.countMax = countMax }

    func contains(_ file: FileID) -> Bool { !members.isEmpty && members.contains(file) }

    mutating func insert(_ file: FileID) {
        guard members.insert(file).inserted else { return }
        if order.count < countMax {
            order.append(file)
        } else {
            members.remove(order[oldest])
            order[oldest] = file
            oldest = (oldest + 1) % countMax
        }
    }

    /// It may come back under the same identity where a file system knows no generations. Its place
    /// in the order stays used.
    mutating func remove(_ file: FileID) {
        if !members.isEmpty { members.remove(file) }
    }
}
