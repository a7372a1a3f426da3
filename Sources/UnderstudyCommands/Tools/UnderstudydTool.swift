public import CommandTable

/// The command line of the daemon, for its manual page and for shells.
public enum UnderstudydTool {
    public static let description = ToolDescription(
        name: "understudyd", summary: "runs an Understudy server in the foreground",
        usages: [
            "[--name NAME] [--address ADDRESS] [--state FOLDER] [--config FILE] [options]"
        ],
        options: [
            .init("--name", value: "NAME", says: "what people and other servers call this server"),
            .init(
                "--address", value: "ADDRESS",
                says: "the address that other servers reach it at, IPv4 or IPv6"),
            .init(
                "--state", value: "FOLDER", values: .folders,
                says: "the folder for everything it remembers; made if it is not there"),
            .init("--config", value: "FILE", values: .files, says: "a configuration file, YAML"),
            .init("--port", value: "PORT", says: "the TCP port for replication, 1500 without it"),
            .init(
                "--control-port", value: "PORT",
                says:
                    "the TCP port for remote control; noted and told to other servers, not opened "
                    + "by this version"),
            .init(
                "--log-level", value: "LEVEL",
                values: .words(["trace", "debug", "info", "notice", "warning", "error", "critical"]
                ),
                says: "the least that is logged, info without it"),
            .init("--version", says: "says the version"),
            .init("-h", "--help", says: "explains the command line"),
        ], sections: sections)

    private static let sections: [ToolDescription.Section] = [
        .init(
            "Description",
            [
                .paragraph(
                    "A server mirrors and replicates folders to other servers, and takes what they "
                        + "send. Commands reach it through the socket `control.sock` in its state "
                        + "folder: root and the group `dtadmin` may do everything, the group "
                        + "`dtmon` may look. It stops on SIGTERM and SIGINT, and opens its log "
                        + "files again on SIGHUP."),
                .paragraph(
                    "Everything may stand in the configuration file instead; what stands on the "
                        + "command line wins."),
            ]),
        .init(
            "Configuration file",
            [
                .paragraph("A flat mapping with these keys:"),
                .item("name, address, state, port, controlPort, logLevel", "As the options say."),
                .item("journalMemoryMB", "Memory for changes that wait to be sent."),
                .item(
                    "captureTripwire",
                    "`on`: captures notice what is changed around their mount, by files that were "
                        + "open before, from another mount namespace, on the path below; a resync "
                        + "follows. Renames and deletions cost about 10 % more. `off` without it; "
                        + "a folder that is captured already keeps what it began with."),
                .lines([
                    "name: alpha", "address: 192.0.2.10", "state: /var/lib/understudy",
                    "port: 1500",
                    "logLevel: info", "journalMemoryMB: 128",
                ]),
            ]),
        .init(
            "Files",
            [
                .item("control.sock", "In the state folder: where commands come in."),
                .item("log/", "In the state folder: what has happened."),
            ]),
        .init(
            "Examples",
            [
                .lines([
                    "understudyd --name alpha --address 192.0.2.10 --state /var/lib/understudy",
                    "understudyd --config /etc/understudyd.yaml --log-level debug",
                ])
            ]),
        .init("See also", [.paragraph("`dtcl`(1), `dtcl`(7)")]),
    ]
}
