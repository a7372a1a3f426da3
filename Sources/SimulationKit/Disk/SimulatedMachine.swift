/// A computer with its disks: its power can go, or the process at work be killed, at any step that
/// changes a disk. From then on every call fails, until the world has thrown away what was lost.
final class SimulatedMachine {
    let name: String
    private(set) var disks: [SimulatedDisk] = []
    /// Steps until everything stops; nil: it goes on.
    var stepsUntilStop: Int?
    /// Steps until one call fails with EIO; nil: none does.
    var stepsUntilError: Int?
    private(set) var isStopped = false
    private(set) var stepCount = 0
    /// Errors of the disks that were made so far.
    private(set) var errorCount = 0

    init(name: String) { self.name = name }

    func add(_ disk: SimulatedDisk) { disks.append(disk) }

    /// Counts one step: an errno when it is not to be made, or 0.
    func step() -> Int {
        if isStopped { return DiskErrno.io }
        stepCount += 1
        if let steps = stepsUntilStop {
            stepsUntilStop = steps - 1
            if steps <= 0 {
                isStopped = true
                return DiskErrno.io
            }
        }
        if let steps = stepsUntilError {
            stepsUntilError = steps <= 0 ? nil : steps - 1
            if steps <= 0 {
                errorCount += 1
                return DiskErrno.io
            }
        }
        return 0
    }

    func stop() { isStopped = true }

    /// The power goes: what was not synced is lost in part.
    func cut(_ choose: (Int) -> Int) {
        for disk in disks { disk.cut(choose) }
    }

    func goOn() {
        isStopped = false
        stepsUntilStop = nil
        stepsUntilError = nil
    }
}
