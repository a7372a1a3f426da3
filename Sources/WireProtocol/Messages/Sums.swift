package import ReplicationModel

/// The source asks for the sums of a file's blocks. The file is named by its identity: what it is
/// called at the target may be something else at the moment.
package struct Sums: WireMessage {
    /// Chosen by the asker, repeated in the answer.
    package var requestID: UInt64
    package var file: FileID
    /// Number of the first block, each of 64 KiB.
    package var firstBlock: UInt64
    /// At most `countMax`; 0: only the file's size is asked for.
    package var count: UInt32

    package init(requestID: UInt64, file: FileID, firstBlock: UInt64, count: UInt32) {
        self.requestID = requestID
        self.file = file
        self.firstBlock = firstBlock
        self.count = count
    }

    /// 64 MiB of data, 16 KiB of sums.
    package static let countMax: UInt32 = 1024
    /// All blocks of the largest file that a signed size can say.
    package static let blocksMax = UInt64(Int64.max >> 16) + 1

    package static let kind = FrameKind.sums

    package func write(to writer: inout MessageWriter) {
        writer.write(requestID)
        writer.write(file)
        writer.write(firstBlock)
        writer.write(count)
    }

    package init(from reader: inout MessageReader) throws(WireError) {
        requestID = try reader.number()
        file = try reader.file()
        firstBlock = try reader.number()
        count = try reader.number()
        guard count <= Self.countMax, firstBlock <= Self.blocksMax else { throw .badValue(.blocks) }
    }
}

/// The target's answer to `Sums`, or a part of it.
package struct Summed: WireMessage {
    package var requestID: UInt64
    /// 0, or why there are no sums: ENOENT where the target does not have the file.
    package var status: Int32
    /// Bytes of the target's file.
    package var size: Int64
    /// XXH3-128 of each block in order, as many as the file has of those asked for; all zeros for
    /// one that lies in a hole.
    package var sums: [Digest]

    package init(requestID: UInt64, status: Int32 = 0, size: Int64 = 0, sums: [Digest] = []) {
        self.requestID = requestID
        self.status = status
        self.size = size
        self.sums = sums
    }

    package static let kind = FrameKind.summed

    package func write(to writer: inout MessageWriter) {
        writer.write(requestID)
        writer.write(status)
        writer.write(size)
        writer.writeCount(sums.count)
        for sum in sums { writer.write(sum) }
    }

    package init(from reader: inout MessageReader) throws(WireError) {
        requestID = try reader.number()
        status = try reader.number()
        size = try reader.number()
        let count = try reader.count(elementBytesMin: 16)
        guard count <= Int(Sums.countMax), size >= 0 else { throw .badValue(.blocks) }
        sums = []
        sums.reserveCapacity(count)
        for _ in 0..<count { sums.append(try reader.digest()) }
    }
}
