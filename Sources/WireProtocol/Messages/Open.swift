package import ReplicationModel

/// The source asks the target to take the changes of one connection.
package struct Open: WireMessage {
    /// The number that the source uses for the connection in every frame about it.
    package var connectionID: UInt32
    /// The connection's lasting name: a number may be used again, this never.
    package var connectionUUID: Digest
    package var setName: String
    /// Incarnation of the source's journal: sequences of two incarnations have nothing in common.
    package var journalID: UInt64
    /// The oldest change that the source can still send.
    package var oldestSequence: UInt64
    package var newestSequence: UInt64
    package var policy: OpenPolicy
    package var mappings: [Mapping]

    package init(
        connectionID: UInt32, connectionUUID: Digest, setName: String, journalID: UInt64,
        oldestSequence: UInt64, newestSequence: UInt64, policy: OpenPolicy = [],
        mappings: [Mapping]
    ) {
        self.connectionID = connectionID
        self.connectionUUID = connectionUUID
        self.setName = setName
        self.journalID = journalID
        self.oldestSequence = oldestSequence
        self.newestSequence = newestSequence
        self.policy = policy
        self.mappings = mappings
    }

    /// One folder of the source and where it goes.
    package struct Mapping: Hashable, Sendable {
        package var sourcePath: [UInt8]
        package var targetPath: [UInt8]
        /// The source folder in the stream.
        package var root: FileID
        /// The source folder on its machine: a target that finds itself there refuses.
        package var sourceDevice: UInt64
        package var sourceInode: UInt64

        package init(
            sourcePath: [UInt8], targetPath: [UInt8], root: FileID, sourceDevice: UInt64,
            sourceInode: UInt64
        ) {
            self.sourcePath = sourcePath
            self.targetPath = targetPath
            self.root = root
            self.sourceDevice = sourceDevice
            self.sourceInode = sourceInode
        }

        /// Two empty paths, identity, device and inode.
        static let byteCountMin = 36
    }

    package static let kind = FrameKind.open

    package func write(to writer: inout MessageWriter) {
        writer.write(connectionID)
        writer.write(connectionUUID)
        writer.write(setName)
        writer.write(journalID)
        writer.write(oldestSequence)
        writer.write(newestSequence)
        writer.write(policy.rawValue)
        writer.writeCount(mappings.count)
        for mapping in mappings {
            writer.write(mapping.sourcePath)
            writer.write(mapping.targetPath)
            writer.write(mapping.root)
            writer.write(mapping.sourceDevice)
            writer.write(mapping.sourceInode)
        }
    }

    package init(from reader: inout MessageReader) throws(WireError) {
        connectionID = try reader.number()
        connectionUUID = try reader.digest()
        setName = try reader.text()
        journalID = try reader.number()
        oldestSequence = try reader.number()
        newestSequence = try reader.number()
        policy = OpenPolicy(rawValue: try reader.number())
        let count = try reader.count(elementBytesMin: Mapping.byteCountMin)
        mappings = []
        mappings.reserveCapacity(count)
        for _ in 0..<count {
            mappings.append(
                Mapping(
                    sourcePath: try reader.path(), targetPath: try reader.path(),
                    root: try reader.file(), sourceDevice: try reader.number(),
                    sourceInode: try reader.number()))
        }
    }
}

/// What the source wants of the target, beyond the changes.
package struct OpenPolicy: OptionSet, Hashable, Sendable {
    package let rawValue: UInt32
    package init(rawValue: UInt32) { self.rawValue = rawValue }

    /// Only mirrors travel; changes do not.
    package static let noReplication = OpenPolicy(rawValue: 1)
    /// No mirror is made when the connection begins.
    package static let noMirror = OpenPolicy(rawValue: 2)
    /// Device nodes, setuid bits and `security.*` attributes are applied too.
    package static let privileged = OpenPolicy(rawValue: 4)
    /// Only asks (verify, list): nothing is written at the target.
    package static let readOnly = OpenPolicy(rawValue: 8)
}
