/// What a machine holds and has used: for tests, which hold it against the limits.
package struct MachineAudit: Sendable, Hashable {
    /// Steps since the start or the last WAIT.
    package var stepsUsed: Int?
    package var heapBytes: Int
    /// The sum over all objects, which `heapBytes` must be.
    package var heapBytesCounted: Int
    /// Objects that are held, and those of them that nothing reaches: none after a sweep.
    package var objects: Int
    package var lostObjects: Int
    package var depth: Int
}

extension Machine {
    /// Sweeps, then counts. Only between two calls of `run`.
    package func audit() -> MachineAudit {
        collect()
        extraSteps = 0
        let first = heap.pointee.census()
        collect()
        extraSteps = 0
        let second = heap.pointee.census()
        return MachineAudit(
            stepsUsed: stepsUsed, heapBytes: heap.pointee.bytes, heapBytesCounted: second.bytes,
            objects: second.objects, lostObjects: first.objects - second.objects, depth: depth)
    }
}
