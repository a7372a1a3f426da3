/// How much a script may use. A value the host gives; nothing is unbounded but the steps, when the
/// host says so.
public struct Limits: Sendable, Hashable {
    /// Instructions since the start or the last WAIT; nil for no limit.
    public var steps: Int?
    /// Bytes of texts, lists, records and registers.
    public var memoryBytesMax: Int
    /// Procedures inside one another.
    public var callDepthMax: Int
    /// `run` returns after that many instructions, so that the host can look for interruption.
    public var sliceSteps: Int

    public init(
        steps: Int?, memoryBytesMax: Int = 256 << 20, callDepthMax: Int = 200,
        sliceSteps: Int = 1_000_000
    ) {
        self.steps = steps.map { max(1, $0) }
        self.memoryBytesMax = max(64 << 10, memoryBytesMax)
        self.callDepthMax = min(max(1, callDepthMax), 1 << 20)
        self.sliceSteps = max(1, sliceSteps)
    }

    /// A script that a person started and can interrupt.
    public static let person = Limits(steps: nil)
    /// A script that runs at an event, with nobody watching.
    public static let hook = Limits(steps: 100_000_000)
}
