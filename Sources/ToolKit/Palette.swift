import Glibc

/// The colours of what a stream shows; none unless it is a terminal that has them and nobody minds.
package struct Palette: Sendable, Hashable {
    package enum Role: String, Sendable {
        case error = "1;31"
        case warning = "1;33"
        case note = "36"
        case mark = "32"
        case title = "1"
    }

    package let isColoured: Bool

    package static let plain = Palette(isColoured: false)

    package init(isColoured: Bool) {
        self.isColoured = isColoured
    }

    /// What the environment says: `NO_COLOR` with anything in it, or a terminal without colours.
    package init(_ stream: Terminal.Stream) {
        isColoured =
            Terminal.isTerminal(stream)
            && Palette.hasColours(
                terminal: Palette.variable("TERM"), noColour: Palette.variable("NO_COLOR"))
    }

    static func hasColours(terminal: String, noColour: String) -> Bool {
        guard noColour.isEmpty else { return false }
        let without = ["", "dumb", "unknown", "ansi-m", "cons25-m"]
        let isOld = ["vt52", "vt100", "vt102", "vt220", "vt320"].contains { terminal == $0 }
        return !isOld && !without.contains(terminal) && !terminal.hasSuffix("-m")
    }

    package func paint(_ text: String, _ role: Role) -> String {
        isColoured && !text.isEmpty ? Palette.start(role) + text + Palette.end : text
    }

    static func start(_ role: Role) -> String { "\u{1B}[\(role.rawValue)m" }
    static let end = "\u{1B}[0m"

    private static func variable(_ name: String) -> String {
        getenv(name).map { String(cString: $0) } ?? ""
    }
}
