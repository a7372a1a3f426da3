/// What a server is told at its start. Paths are absolute.
package struct RuntimeConfiguration: Sendable {
    /// What people call the server.
    package var name: String
    /// The address it accepts links on and is reached at.
    package var address: String
    /// Of the data links, TCP.
    package var port: Int
    /// Of remote control; recorded and told to others, not opened by this version.
    package var controlPort: Int
    /// Holds everything the server remembers.
    package var stateDirectory: String
    package var queue: QueueLimits
    /// The program that serves one mount.
    package var capturePath: String
    /// Whether captures notice changes that come around them.
    package var hasTripwire: Bool

    package init(
        name: String, address: String, port: Int, controlPort: Int, stateDirectory: String,
        queue: QueueLimits, capturePath: String, hasTripwire: Bool = false
    ) {
        self.name = name
        self.address = address
        self.port = port
        self.controlPort = controlPort
        self.stateDirectory = stateDirectory
        self.queue = queue
        self.capturePath = capturePath
        self.hasTripwire = hasTripwire
    }
}
