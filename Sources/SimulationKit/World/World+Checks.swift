internal import TargetApply

/// Holds what the target claims against what the source had.
extension World {
    func acknowledged(durable: UInt64, of journal: UInt64) {
        oracle.acknowledged(journal: journal, durable: durable)
    }

    /// The target's process has opened what it had on its disk.
    func targetOpened(_ target: SimulatedTarget, _ applier: Applier) {
        guard let history = oracle.history(applier.journalID) else { return }
        let positions = applier.positions
        if positions.applied < history.durable {
            fail(
                "R1: the target goes on at \(positions.applied) and had said that "
                    + "\(history.durable) is durable")
        }
        check(applier)
    }

    /// A batch is made.
    func targetApplied(_ target: SimulatedTarget, _ applier: Applier) {
        check(applier)
    }

    /// What is put aside in the root moves the root's time; where a crash comes before that is put
    /// right, nobody knows the time of before.
    ///
    /// What is not in the set moves it, too.
    private var ignoresRootTime: Bool {
        figures.targetKills + figures.targetCuts > 0 || !application.set.includesAll
    }

    private func check(_ applier: Applier) {
        guard failure == nil, !applier.isInconsistent, !applier.isMirrorRequired,
            let history = oracle.history(applier.journalID)
        else { return }
        let applied = applier.positions.applied
        guard !applier.isRepeating else {
            figures.replayChecks += 1
            let trees = (applied...max(applied, history.frontier)).compactMap {
                history.trees[$0]
            }.flatMap { $0 }
            let wrong = TreePicture(targetDisk.image).notExplained(
                by: trees.map { TreePicture($0) })
            if !wrong.isEmpty {
                fail(
                    "R1: after a crash the target says that it is good from \(applied) on, but "
                        + wrong.joined(separator: "; "))
            }
            return
        }
        figures.exactChecks += 1
        let trees = history.trees[applied] ?? []
        let ignores = applier.replayThrough > 0
        let isSame = trees.contains { tree in
            targetDisk.image.hasTree(
                of: tree, ignoringAsides: ignores, ignoringRootTime: ignoresRootTime)
        }
        if isSame { return }
        guard let tree = trees.last else {
            return fail("R1: the target says \(applied), which the source never had")
        }
        let wrong = TreePicture(targetDisk.image).differences(from: TreePicture(tree))
        fail(
            "R1: the target says that it is what the source was at \(applied), but (target | "
                + "source) " + wrong.joined(separator: "; "))
    }

    /// Calm and settled: both trees are the same.
    func checkEnd() {
        let isSame = targetDisk.image.hasTree(
            of: sourceTree, ignoringAsides: false, ignoringRootTime: ignoresRootTime)
        if isSame { return }
        let wrong = TreePicture(targetDisk.image).differences(from: TreePicture(sourceTree))
        fail("R2: at the end (target | source) " + wrong.joined(separator: "; "))
    }
}
