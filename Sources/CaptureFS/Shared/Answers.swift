internal import CLinuxFuse
internal import FuseKernel
internal import Synchronization

/// Answers that a killed server had made and perhaps not given. A request that the kernel sends
/// again is answered from here instead of being carried out twice. Used by a server that takes
/// over before its workers start; after that only looked into and emptied.
///
/// A place: 8 bytes the request's number (0: free; written last), 4 bytes count, 8 bytes a node
/// that was counted for an answer that was never finished, from byte 32 the answer.
struct Answers: Sendable {
    private let memory: SharedMemory
    private static let answerPlace = 32
    static let answerBytesMax = SharedMemory.answerStride - answerPlace

    init(_ memory: SharedMemory) { self.memory = memory }

    enum Found {
        /// So many bytes were put into the buffer.
        case answer(byteCount: Int)
        /// Not carried out; a node was counted.
        case counted(node: UInt64)
    }

    func keep(_ unique: UInt64, answer: UnsafeRawBufferPointer) {
        guard answer.count <= Self.answerBytesMax, let bytes = answer.baseAddress else { return }
        let place = take(unique)
        (place + Self.answerPlace).copyMemory(from: bytes, byteCount: answer.count)
        place.storeBytes(of: UInt32(answer.count), toByteOffset: 8, as: UInt32.self)
        owner(place).pointee.store(unique, ordering: .sequentiallyConsistent)
    }

    func keep(_ unique: UInt64, counted node: UInt64) {
        let place = take(unique)
        place.storeBytes(of: 0, toByteOffset: 8, as: UInt32.self)
        place.storeBytes(of: node, toByteOffset: 16, as: UInt64.self)
        owner(place).pointee.store(unique, ordering: .sequentiallyConsistent)
    }

    /// What is kept for a request, which is then not kept any more unless it is an answer: that one
    /// may get lost once more.
    func find(_ unique: UInt64, _ output: UnsafeMutableRawBufferPointer) -> Found? {
        guard let place = place(of: Intent.plain(unique)) else { return nil }
        let count = Int(place.load(fromByteOffset: 8, as: UInt32.self))
        guard count > 0 else {
            let node = place.load(fromByteOffset: 16, as: UInt64.self)
            owner(place).pointee.store(0, ordering: .sequentiallyConsistent)
            return .counted(node: node)
        }
        output.copyMemory(
            from: UnsafeRawBufferPointer(start: place + Self.answerPlace, count: count))
        // The number under which the kernel waits for it now.
        output.storeBytes(of: unique, toByteOffset: 8, as: UInt64.self)
        return .answer(byteCount: count)
    }

    /// The place that the request has, else the one that was taken longest ago.
    private func take(_ unique: UInt64) -> UnsafeMutableRawPointer {
        if let place = place(of: unique) { return place }
        let count = memory.atomic(.answersKept).pointee.wrappingAdd(1, ordering: .relaxed).oldValue
        let index = Int(count % UInt64(SharedMemory.answerCount))
        let place = memory.answers + index * SharedMemory.answerStride
        owner(place).pointee.store(0, ordering: .sequentiallyConsistent)
        return place
    }

    private func place(of unique: UInt64) -> UnsafeMutableRawPointer? {
        for index in 0..<SharedMemory.answerCount {
            let place = memory.answers + index * SharedMemory.answerStride
            if owner(place).pointee.load(ordering: .acquiring) == unique { return place }
        }
        return nil
    }

    private func owner(_ place: UnsafeMutableRawPointer) -> UnsafeMutablePointer<Atomic<UInt64>> {
        place.assumingMemoryBound(to: Atomic<UInt64>.self)
    }
}
