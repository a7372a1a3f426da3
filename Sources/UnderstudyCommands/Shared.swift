import CommandModel
import CommandTable

/// Sorts of things that have names.
public enum Sort {
    public static let replicationSet = "replication set"
    public static let monitor = "failover monitor"
    public static let job = "job"
    public static let setting = "setting"
    public static let hook = "hook"
    public static let run = "run"
}

/// Arguments that many commands share.
enum Shared {
    static let machine = Pattern.value("machine", .machine)
    static let onMachine = Pattern.all(.word("ON"), machine)
    static let newName = Pattern.value("name", .name)
    static let setName = Pattern.value("name", .existing(sort: Sort.replicationSet), shown: "name")
    static let set = Pattern.value("set", .existing(sort: Sort.replicationSet), shown: "set")
    static let monitor = Pattern.value("name", .existing(sort: Sort.monitor), shown: "name")
    static let job = Pattern.value("name", .existing(sort: Sort.job), shown: "name")
    static let setting = Pattern.value("name", .existing(sort: Sort.setting), shown: "name")
    static let connection = Pattern.value("connection", .connection(allowsAll: true))
    static let oneConnection = Pattern.value("connection", .connection(allowsAll: false))
    static let target = Pattern.value("target", .machine)
    static let script = Pattern.value("script", .script)
    static let arguments = Pattern.all(
        .word("ARGs"), .maybe(.sign(.equals)),
        .value("arguments", .programArguments, shown: "\"…\""))
    static let timeout = Pattern.all(.word("TIMEout"), .value("timeout", .duration, shown: "time"))
    static let interval = Pattern.all(
        .word("EVEry"), .value("interval", .duration, shown: "time"))
    /// `AT [date] hh:mm`
    static let moment = Pattern.all(
        .word("AT"), .maybe(.value("date", .date)), .value("time", .timeOfDay, shown: "hh:mm"))
    static let recursion = Pattern.either(
        .setting("RECursive", name: "recursive", value: .boolean(true)),
        .setting("NONRECursive", name: "recursive", value: .boolean(false)))
    static let delay = Pattern.either(
        .setting("DELAY", name: "delay", value: .boolean(true)),
        .setting("NODELAY", name: "delay", value: .boolean(false)))
    static let interaction = Pattern.either(
        .setting("INTERACT", name: "interact", value: .boolean(true)),
        .setting("NOINTERACT", name: "interact", value: .boolean(false)))
    /// What a difference mirror looks at beside size and time.
    static let comparisons: [Pattern] = [.flag("NEWer", "newer"), .flag("CHECKSUM", "checksum")]
    static let bytes = ValueKind.size(1...Int64.max)

    /// Words that mean a text of their own in small letters: `PING|SERVICE` for `method`.
    static func choice(_ name: String, _ words: CommandWord...) -> Pattern {
        .choice(words.map { .setting($0, name: name, value: .text($0.text.lowercased())) })
    }
}

/// Groups of commands, in the order of the pages.
enum Group {
    static let servers = "Servers and access"
    static let settings = "Settings"
    static let sets = "Replication sets"
    static let connections = "Connections"
    static let mirrors = "Mirror and verification"
    static let captures = "Captured folders"
    static let orphans = "Orphans and restore"
    static let transmission = "Transmission"
    static let failover = "Failover"
    static let scripts = "Scripts and hooks"
    static let jobs = "Jobs"
    static let statistics = "Statistics and logs"
    static let volumes = "Volumes"
}
