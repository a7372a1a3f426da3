internal import FileSystemAccess
internal import ReplicationModel
internal import TargetApply

/// One target and one stream, without a network: the same changes half and again must end in the
/// same tree.
package final class Replay {
    private struct Change {
        let record: OperationRecord
        let payload: [UInt8]
    }

    private let system = SimulatedSystem()
    private let sourceMachine = SimulatedMachine(name: "source")
    private let machine = SimulatedMachine(name: "target")
    private let source: SimulatedDisk
    private let tree: SimulatedDisk
    private let state: SimulatedDisk
    private let application: Application
    private var numbers: SeededNumbers
    private var changes: [Change] = []
    /// What the state folder's disk held for good, when a checkpoint had just been made.
    private var checkpoints: [DiskImage] = []
    private var story: [String] = []

    package init(seed: UInt64) {
        numbers = SeededNumbers(seed: seed)
        source = system.addDisk("source", sourceMachine)
        tree = system.addDisk("target", machine)
        state = system.addDisk("targetState", machine)
        application = Application(disk: source)
    }

    /// What was wrong, if anything.
    ///
    /// - Parameter fromCheckpoints: whether earlier states of the map are put onto the newest tree,
    ///   too.
    package func run(fromCheckpoints: Bool = false) -> String? {
        system.run(as: .world) { work(fromCheckpoints) }
    }

    private func work(_ fromCheckpoints: Bool) -> String? {
        write(10 + numbers.below(50))
        do throws(ApplyError) {
            try applyAll()
            if let wrong = compare("at first") { return wrong }
            for _ in 0..<(fromCheckpoints ? 3 : 0) {
                guard let old = checkpoints.randomElement(using: &numbers) else { break }
                state.restore(old)
                try replay()
                if let wrong = compare("made again") { return wrong }
            }
        } catch { return "\(error)" }
        return nil
    }

    private func write(_ count: Int) {
        application.didChange = { [unowned self] record, payload in
            var record = record
            record.sequence = UInt64(changes.count + 1)
            record.payloadLength = UInt32(payload.count)
            changes.append(Change(record: record, payload: payload))
        }
        var choices = SeededNumbers(seed: numbers.next())
        for _ in 0..<count { system.run(as: .capture) { application.act(&choices) } }
    }

    // MARK: Applying

    private func open(replayThrough: UInt64) throws(ApplyError) -> Applier {
        let applier = try Applier.open(
            ApplySettings(
                stateFolder: BytePath("/targetState/incoming"),
                roots: [
                    ApplyRoot(
                        file: FileID(inode: DiskImage.rootNode, generation: 1, mount: 1),
                        path: BytePath("/target"))
                ], replayThrough: replayThrough))
        if applier.journalID == 0 { try applier.begin(journalID: 1, applied: 0) }
        return applier
    }

    private func applyAll() throws(ApplyError) {
        let applier = try open(replayThrough: 0)
        try apply(applier, keepsCheckpoints: true)
    }

    /// From an older checkpoint.
    private func replay() throws(ApplyError) {
        system.boots[.world, default: 0] += 1
        let applier = try open(replayThrough: UInt64(changes.count))
        try apply(applier, keepsCheckpoints: false)
        guard applier.positions.applied == UInt64(changes.count), !applier.isMirrorRequired else {
            story.append("the target asks for a mirror")
            return
        }
    }

    /// - Parameter most: so many changes, and then the process ends without a word.
    private func apply(
        _ applier: Applier, keepsCheckpoints: Bool, most: Int = Int.max
    ) throws(ApplyError) {
        var place = Int(applier.positions.applied)
        let end = most == Int.max ? changes.count : min(changes.count, place + most)
        while place < end {
            let next = min(place + 1 + numbers.below(8), changes.count)
            try make(changes[place..<min(next, end)], applier)
            if numbers.oneIn(4) {
                // The link broke in the middle of it.
                applier.cutOffBatch()
                applier.replayThrough = UInt64(changes.count)
                try make(changes[place..<min(next, end)], applier)
            }
            if next > end { return }
            _ = try applier.finishBatch(lastSequence: UInt64(next))
            place = next
            guard keepsCheckpoints, numbers.oneIn(3) else { continue }
            do throws(Errno) { try applier.syncer.sync() } catch { continue }
            checkpoints.append(state.durable)
        }
    }

    private func make(_ some: ArraySlice<Change>, _ applier: Applier) throws(ApplyError) {
        for change in some {
            try change.payload.withBytes { (bytes) throws(ApplyError) in
                try applier.apply(change.record, bytes)
            }
        }
    }

    private func compare(_ when: String) -> String? {
        if !story.isEmpty { return story.joined(separator: "; ") }
        let isSame = tree.image.hasTree(
            of: source.image, ignoringAsides: false, ignoringRootTime: true)
        if isSame { return nil }
        let wrong = TreePicture(tree.image).differences(from: TreePicture(source.image))
        return "R3: \(when), the target is not what the source is: "
            + wrong.joined(separator: "; ")
    }
}

extension [UInt8] {
    fileprivate func withBytes(
        _ body: (UnsafeRawBufferPointer) throws(ApplyError) -> Void
    ) throws(ApplyError) {
        let result = withUnsafeBytes { bytes -> Result<Void, ApplyError> in
            do throws(ApplyError) { return .success(try body(bytes)) } catch {
                return .failure(error)
            }
        }
        try result.get()
    }
}
