/// Another server that this one has been introduced to.
package struct Peer: Sendable, Hashable {
    package var serverID: String
    package var name: String
    /// An address or host name to reach its data port by.
    package var address: String
    /// Its data port.
    package var port: Int
    /// SHA-256 of its certificate, hexadecimal: the only one that is believed.
    package var fingerprint: String

    package init(serverID: String, name: String, address: String, port: Int, fingerprint: String) {
        self.serverID = serverID
        self.name = name
        self.address = address
        self.port = port
        self.fingerprint = fingerprint
    }
}
