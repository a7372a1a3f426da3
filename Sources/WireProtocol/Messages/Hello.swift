package import ReplicationModel

/// The first message of both sides. Who a peer is in truth is what its certificate says; this tells
/// what to call it and what it runs.
package struct Hello: WireMessage {
    /// Message versions that the sender speaks.
    package var versions: ClosedRange<UInt16>
    /// Made at the server's first start; stays through renaming.
    package var serverID: Digest
    package var serverName: String
    /// Changes with every start of the operating system.
    package var bootID: String
    /// Of the operating system's installation: two servers with the same one share file systems.
    package var machineID: String
    package var softwareVersion: String
    /// Where the sender accepts links itself; 0: nowhere.
    package var listenPort: UInt16

    package init(
        versions: ClosedRange<UInt16> = ProtocolVersion.supported, serverID: Digest,
        serverName: String, bootID: String, machineID: String, softwareVersion: String,
        listenPort: UInt16
    ) {
        self.versions = versions
        self.serverID = serverID
        self.serverName = serverName
        self.bootID = bootID
        self.machineID = machineID
        self.softwareVersion = softwareVersion
        self.listenPort = listenPort
    }

    package static let kind = FrameKind.hello
    package static let mayGrow = true

    package func write(to writer: inout MessageWriter) {
        writer.write(versions.lowerBound)
        writer.write(versions.upperBound)
        writer.write(serverID)
        writer.write(serverName)
        writer.write(bootID)
        writer.write(machineID)
        writer.write(softwareVersion)
        writer.write(listenPort)
    }

    package init(from reader: inout MessageReader) throws(WireError) {
        let lowest = try reader.number(UInt16.self)
        let highest = try reader.number(UInt16.self)
        guard lowest <= highest else { throw .badValue(.versions) }
        versions = lowest...highest
        serverID = try reader.digest()
        serverName = try reader.text()
        bootID = try reader.text()
        machineID = try reader.text()
        softwareVersion = try reader.text()
        listenPort = try reader.number()
    }
}
