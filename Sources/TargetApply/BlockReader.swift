internal import CPosix
package import FileSystemAccess
internal import Glibc
internal import MirrorCore
package import ReplicationModel

/// Sums of a file's blocks, for a resync. Runs beside the apply thread; what is written meanwhile
/// may or may not be in them.
package struct BlockReader: ~Copyable {
    private let room = UnsafeMutableRawBufferPointer.allocate(
        byteCount: Int(Blocks.byteCount), alignment: 4096)

    package init() {}

    deinit { room.deallocate() }

    /// The file's size, and the sum of each block that the file has of those asked for. A peer may
    /// ask for any: at most `countMax` are answered.
    package func sums(
        of descriptor: CInt, firstBlock: UInt64, count: UInt32
    ) throws(Errno) -> (size: Int64, sums: [Digest]) {
        let size = Int64(try SystemCall.status(of: descriptor).st_size)
        let all = Blocks.count(size: size)
        var sums: [Digest] = []
        guard firstBlock < all else { return (size, sums) }
        let end = min(all, firstBlock + UInt64(min(count, Self.countMax)))
        // Where the hole ends that the block before lies in.
        var data: Int64 = 0
        for block in firstBlock..<end {
            let start = Int64(block) * Blocks.byteCount
            let stop = min(start + Blocks.byteCount, size)
            if data < stop {
                let next = try FileExtents.nextData(descriptor, from: start, size: size)
                data = next?.lowerBound ?? size
            }
            if data >= stop {
                sums.append(Blocks.hole)
                continue
            }
            data = 0
            let part = UnsafeMutableRawBufferPointer(rebasing: room[..<Int(stop - start)])
            let done = try SystemCall.readAll(descriptor, part, at: start)
            // It became shorter meanwhile: a record about that was applied.
            if done == 0 { break }
            sums.append(Blocks.sum(of: UnsafeRawBufferPointer(rebasing: room[..<done])))
        }
        return (size, sums)
    }

    package static var countMax: UInt32 { 1024 }
}
