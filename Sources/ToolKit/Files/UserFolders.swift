import Glibc

/// Where the person who runs the program keeps things.
package enum UserFolders {
    /// `~/.config/understudy`, or below `XDG_CONFIG_HOME`; nil for somebody without a home.
    package static var configuration: String? { folder("XDG_CONFIG_HOME", "/.config") }

    /// `~/.local/state/understudy`, or below `XDG_STATE_HOME`.
    package static var state: String? { folder("XDG_STATE_HOME", "/.local/state") }

    private static func folder(_ variable: String, _ usual: String) -> String? {
        if let path = value(variable), path.hasPrefix("/") { return path + "/understudy" }
        guard let home = value("HOME"), home.hasPrefix("/") else { return nil }
        return home + usual + "/understudy"
    }

    private static func value(_ name: String) -> String? {
        getenv(name).map { String(cString: $0) }
    }
}
