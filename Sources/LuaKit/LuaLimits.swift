/// What a state and each call in it may use. A state cannot be made without.
package struct LuaLimits: Sendable, Hashable {
    /// Of everything that the state holds, its libraries (about 30 kB) included.
    package var memoryBytesMax: Int
    /// For one call. Work that the libraries do is charged as instructions.
    package var instructionsMax: Int64
    /// From a call's start to its end, the time that it waits for commands included.
    package var wallSecondsMax: Double
    /// After so many instructions a call pauses with ``LuaPause/outOfSlice``; 0 for never.
    package var sliceInstructions: Int64
    /// Coroutines that may run inside each other.
    package var coroutineDepthMax: Int

    package init(
        memoryBytesMax: Int, instructionsMax: Int64, wallSecondsMax: Double,
        sliceInstructions: Int64, coroutineDepthMax: Int
    ) {
        self.memoryBytesMax = memoryBytesMax
        self.instructionsMax = instructionsMax
        self.wallSecondsMax = wallSecondsMax
        self.sliceInstructions = sliceInstructions
        self.coroutineDepthMax = coroutineDepthMax
    }

    /// For a hook: 64 MB, 100 million instructions, ten minutes.
    package static let hook = LuaLimits(
        memoryBytesMax: 64 << 20, instructionsMax: 100_000_000, wallSecondsMax: 600,
        sliceInstructions: 1_000_000, coroutineDepthMax: 32)

    /// Longer times would not fit in nanoseconds, and nobody waits so long.
    static func nanoseconds(_ seconds: Double) -> Int64 {
        Int64(min(max(seconds, 0), 1e8) * 1e9)
    }
}
