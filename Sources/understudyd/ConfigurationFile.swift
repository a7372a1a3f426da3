import Glibc
import Yams

/// What a configuration file says: a flat YAML mapping. Whether the values are good is for
/// `Settings` to say; here it is made sure that every key is known and holds a word or a number.
struct ConfigurationFile: Equatable {
    var name: String?
    var address: String?
    var port: Int?
    var controlPort: Int?
    var state: String?
    var logLevel: String?
    var journalMemoryMB: Int?
    var queueFolder: String?
    var queueSegmentMB: Int?
    var queueDiskMB: Int?
    var queueFreeMB: Int?
    var queueAlertPercent: Int?
    var captureTripwire: Bool?
    var targetStuckSeconds: Int?

    static let keys = [
        "name", "address", "port", "controlPort", "state", "logLevel", "journalMemoryMB",
        "queueFolder", "queueSegmentMB", "queueDiskMB", "queueFreeMB", "queueAlertPercent",
        "captureTripwire",
        "targetStuckSeconds",
    ]
    /// Longer than any that means something.
    static let bytesMax = 1 << 20

    init() {}

    init(path: String) throws(SettingsError) {
        let bytes: [UInt8]
        do {
            bytes = try Self.read(path)
        } catch {
            throw SettingsError("the configuration file '\(path)' cannot be read: \(error)")
        }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw SettingsError("the configuration file '\(path)' is not UTF-8")
        }
        try self.init(text: text, path: path)
    }

    init(text: String, path: String) throws(SettingsError) {
        let root: Node?
        do {
            root = try Yams.compose(yaml: text)
        } catch {
            throw Self.failure(error, path: path)
        }
        guard let root else { return }
        if case .scalar(let scalar) = root, scalar.string.isEmpty { return }
        guard case .mapping(let mapping) = root else {
            throw SettingsError(
                "\(path): got a list or a word, expected lines such as 'name: alpha'")
        }
        for (key, value) in mapping {
            try take(key, value, path: path)
        }
    }

    private mutating func take(_ key: Node, _ value: Node, path: String) throws(SettingsError) {
        let place = "\(path):\(key.mark?.line ?? 0)"
        guard case .scalar(let name) = key else {
            throw SettingsError("\(place): got a key that is no word")
        }
        switch name.string {
        case "name": self.name = try Self.text(value, name.string, place)
        case "address": address = try Self.text(value, name.string, place)
        case "state": state = try Self.text(value, name.string, place)
        case "logLevel": logLevel = try Self.text(value, name.string, place)
        case "port": port = try Self.number(value, name.string, place)
        case "controlPort": controlPort = try Self.number(value, name.string, place)
        case "journalMemoryMB": journalMemoryMB = try Self.number(value, name.string, place)
        case "queueFolder": queueFolder = try Self.text(value, name.string, place)
        case "queueSegmentMB": queueSegmentMB = try Self.number(value, name.string, place)
        case "queueDiskMB": queueDiskMB = try Self.number(value, name.string, place)
        case "queueFreeMB": queueFreeMB = try Self.number(value, name.string, place)
        case "queueAlertPercent":
            queueAlertPercent = try Self.number(value, name.string, place)
        case "captureTripwire": captureTripwire = try Self.truth(value, name.string, place)
        case "targetStuckSeconds":
            targetStuckSeconds = try Self.number(value, name.string, place)
        default:
            let suggestion = Settings.suggestion(for: name.string, among: Self.keys)
            throw SettingsError("\(place): unknown key '\(name.string)'\(suggestion)")
        }
    }

    // MARK: Values

    private static func text(
        _ value: Node, _ key: String, _ place: String
    ) throws(SettingsError) -> String {
        guard case .scalar(let scalar) = value, !scalar.string.isEmpty else {
            throw SettingsError("\(place): expected a word after '\(key):'")
        }
        return scalar.string
    }

    private static func truth(
        _ value: Node, _ key: String, _ place: String
    ) throws(SettingsError) -> Bool {
        switch try text(value, key, place) {
        case "on": return true
        case "off": return false
        case let text:
            throw SettingsError("\(place): got '\(text)' as \(key), expected on or off")
        }
    }

    private static func number(
        _ value: Node, _ key: String, _ place: String
    ) throws(SettingsError) -> Int {
        let text = try text(value, key, place)
        guard let number = Int(text) else {
            throw SettingsError("\(place): got '\(text)' as \(key), expected a number")
        }
        return number
    }

    // MARK: Reasons

    private static func failure(_ error: any Error, path: String) -> SettingsError {
        switch error as? YamlError {
        case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
            .composer(_, let problem, let mark, _):
            SettingsError("\(path):\(mark.line): \(problem)")
        case .duplicatedKeysInMapping(let duplicates, _):
            SettingsError(
                "\(path): '\(duplicates.joined(separator: "', '"))' stands there more than once")
        default: SettingsError("\(path): this is no YAML: \(error)")
        }
    }

    private static func read(_ path: String) throws(SettingsError) -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw SettingsError(String(cString: strerror(errno))) }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: bytesMax + 1)
        var count = 0
        while count < bytes.count {
            let got = bytes.withUnsafeMutableBytes { room in
                Glibc.read(descriptor, room.baseAddress.map { $0 + count }, room.count - count)
            }
            guard got >= 0 else { throw SettingsError(String(cString: strerror(errno))) }
            if got == 0 { return Array(bytes.prefix(count)) }
            count += got
        }
        throw SettingsError("it is longer than \(bytesMax) bytes")
    }
}
