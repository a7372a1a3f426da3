internal import CommandModel
internal import Journal

/// What hooks hear of the server as a whole; connections tell of themselves.
extension Runtime {
    func tell(_ name: String, _ facts: CommandRecord) { links.tell(RuntimeEvent(name, facts)) }

    /// Whether the disk queue came over the percentage of `queueAlertPercent`, or under it again.
    func watchQueue(_ queue: QueueKeeper) {
        let counters = queue.counters
        guard counters.isAlerting != isQueueAlerting else { return }
        isQueueAlerting = counters.isAlerting
        let most = counters.diskBytesMax ?? 0
        let percent = most > 0 ? counters.diskBytes * 100 / most : 100
        tell(
            isQueueAlerting ? "queue.alert" : "queue.eased",
            [
                "bytes": .integer(counters.diskBytes), "bytesMax": .integer(most),
                "percent": .integer(percent),
            ])
    }
}
