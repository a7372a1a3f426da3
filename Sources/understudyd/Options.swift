import ArgumentParser

/// The command line. Everything may stand in the configuration file instead; what stands here wins.
struct Options: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "What people and other servers call this server.", valueName: "name"))
    var name: String?

    @Option(
        help: ArgumentHelp(
            "The address that other servers reach it at, IPv4 or IPv6.", valueName: "address"))
    var address: String?

    @Option(
        help: ArgumentHelp(
            "The folder for everything it remembers; made if it is not there.", valueName: "folder")
    )
    var state: String?

    @Option(help: ArgumentHelp("A configuration file, YAML.", valueName: "file"))
    var config: String?

    @Option(
        help: ArgumentHelp(
            "TCP port for replication (default: \(Settings.portDefault)).", valueName: "port"))
    var port: Int?

    @Option(
        help: ArgumentHelp(
            """
            TCP port for remote control (default: \(Settings.controlPortDefault)); noted and told \
            to other servers, not opened by this version.
            """, valueName: "port"))
    var controlPort: Int?

    @Option(
        help: ArgumentHelp(
            "The least that is logged: \(Settings.logLevels) (default: info).",
            valueName: "level"))
    var logLevel: String?
}
