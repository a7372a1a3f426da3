import Foundation
import Testing

/// Where the programs under test and the helpers of the tests lie.
enum Programs {
    /// The environment's `UNDERSTUDY_PROGRAMS`, or the folder that the tests were built into.
    static let folder: String = {
        if let named = ProcessInfo.processInfo.environment["UNDERSTUDY_PROGRAMS"] { return named }
        let ownProgram = URL(fileURLWithPath: CommandLine.arguments[0]).resolvingSymlinksInPath()
        return ownProgram.deletingLastPathComponent().path
    }()

    static func path(_ name: String) -> String { folder + "/" + name }

    /// `Tests/EndToEndTests` in the checkout.
    static let tests = URL(fileURLWithPath: #filePath).resolvingSymlinksInPath()
        .deletingLastPathComponent().deletingLastPathComponent()

    /// The checkout.
    static let project = tests.deletingLastPathComponent().deletingLastPathComponent()

    static func support(_ name: String) -> String { "\(tests.path)/Support/\(name)" }

    static func script(_ name: String) -> String { "\(project.path)/Scripts/\(name)" }

    /// Whether this machine lets anybody capture a folder.
    static var canCapture: Bool {
        geteuid() == 0 && FileManager.default.fileExists(atPath: "/dev/fuse")
    }

    static var areBuilt: Bool {
        ["understudyd", "understudy-capture", "dtcl"].allSatisfy {
            FileManager.default.isExecutableFile(atPath: path($0))
        }
    }
}
