/// Who may import whom. A change here is a change of the architecture: say why in Docs/Decisions.
struct Room: Sendable {
    /// What it may import: rooms, and modules from outside.
    let imports: Set<String>
    let isProgram: Bool

    /// What only calculates: no file, no socket, no clock.
    static func pure(_ rooms: String...) -> Room {
        Room(imports: Set(rooms), isProgram: false)
    }

    /// Meets the outside through system calls.
    static func adapting(_ modules: String...) -> Room {
        Room(imports: Set(modules).union(Rooms.system), isProgram: false)
    }

    static func program(_ modules: String...) -> Room {
        Room(imports: Set(modules).union(Rooms.system).union(["Foundation"]), isProgram: true)
    }
}

enum Rooms {
    static let system: Set<String> = ["Glibc", "Synchronization"]

    static let all: [String: Room] = [
        // Language.
        "DTCLSyntax": .pure(),
        "DTCLInterpreter": .pure("DTCLSyntax"),
        "DTCLFormat": .pure("DTCLSyntax"),
        "FuzzLanguage": .pure("DTCLFormat", "DTCLInterpreter", "DTCLSyntax"),
        "CommandTable": .pure("CommandModel", "DTCLSyntax"),
        "LuaKit": .adapting("CLuaSupport", "CommandModel"),
        "FuzzLua": .adapting("CommandModel", "LuaKit"),
        "UnderstudyCommands": .pure("CommandModel", "CommandTable"),
        "ScriptHost": .adapting(
            "CPosix", "CommandModel", "CommandTable", "DTCLInterpreter", "DTCLSyntax", "LuaKit"),
        "LanguageServer": .pure(
            "CommandModel", "CommandTable", "DTCLFormat", "DTCLInterpreter", "DTCLSyntax",
            "ScriptHost"),

        // Control.
        "CommandModel": .pure(),
        "ControlClient": .adapting("CommandModel", "CommandTable", "ScriptHost", "Foundation"),
        "ControlServer": .adapting(
            "CommandModel", "HTTPTypes", "HummingbirdCore", "Logging", "NIOCore", "NIOPosix",
            "Foundation"),
        "Identity": .adapting(
            "CPosix", "Crypto", "FoundationEssentials", "NIOSSL", "SwiftASN1", "X509"),
        "ToolKit": .adapting("CLibEdit", "DTCLSyntax"),

        // Engine: names and decisions.
        "ReplicationModel": .pure("CXXHash"),
        "CaptureControl": .pure(),
        "MirrorCore": .pure("ReplicationModel"),
        "SessionCore": .pure(),
        "WireProtocol": .pure("ReplicationModel"),

        // Engine: input and output.
        "FileSystemAccess": .adapting("CPosix"),
        "FuseKernel": .adapting("CLinuxFuse"),
        "Journal": .adapting("CPosix", "FileSystemAccess", "ReplicationModel"),
        "StateStore": .adapting("Foundation", "GRDB", "ReplicationModel"),
        "TargetApply": .adapting(
            "CPosix", "FileSystemAccess", "MirrorCore", "ReplicationModel"),
        "MirrorSource": .adapting(
            "CPosix", "FileSystemAccess", "MirrorCore", "ReplicationModel", "WireProtocol"),
        "Transport": .adapting(
            "Identity", "NIOCore", "NIOPosix", "NIOSSL", "NIOTLS", "WireProtocol"),

        // Engine: composition.
        "CaptureFS": .adapting(
            "CLinuxFuse", "CPosix", "CaptureControl", "FileSystemAccess", "FuseKernel", "Journal",
            "ReplicationModel"),
        "Runtime": .adapting(
            "CPosix", "CaptureControl", "CommandModel", "FileSystemAccess", "Identity", "Journal",
            "Logging", "MirrorCore", "MirrorSource", "NIOCore", "NIOPosix", "ReplicationModel",
            "SessionCore", "StateStore", "TargetApply", "Transport", "WireProtocol"),

        "SimulationKit": .adapting(
            "CPosix", "FileSystemAccess", "Journal", "MirrorCore", "MirrorSource",
            "ReplicationModel", "SessionCore", "TargetApply", "WireProtocol"),

        // Programs.
        "dtcl": .program(
            "CommandModel", "CommandTable", "ControlClient", "DTCLFormat", "DTCLInterpreter",
            "DTCLSyntax", "LanguageServer", "ScriptHost", "ToolKit", "UnderstudyCommands"),
        "understudy-bench": .program(),
        "understudy-fuzz": .program(
            "DTCLFormat", "DTCLInterpreter", "DTCLSyntax", "FuzzLanguage", "FuzzLua"),
        "understudy-sim": .program("SimulationKit"),
        "understudy-capture": .program("CLinuxFuse", "CPosix", "CaptureFS", "Journal"),
        "understudyd": .program(
            "ArgumentParser", "CommandModel", "CommandTable", "ControlServer", "DTCLInterpreter",
            "DTCLSyntax", "Logging", "Runtime", "ScriptHost", "StateStore", "UnderstudyCommands",
            "Yams"),
    ]

    // MARK: The manifest

    /// Which rooms the package lets every room import.
    static func declared(in manifest: String) -> [String: Set<String>] {
        var declared: [String: Set<String>] = [:]
        for call in ["room(", "tool("] {
            var rest = manifest[...]
            while let start = rest.firstRange(of: call) {
                rest = rest[start.upperBound...]
                let body = rest.prefix(through: rest.firstIndex(of: ")") ?? rest.startIndex)
                let names = quoted(body)
                if let room = names.first { declared[room] = Set(names.dropFirst()) }
            }
        }
        return declared
    }

    private static func quoted(_ text: Substring) -> [String] {
        text.split(separator: "\"", omittingEmptySubsequences: false).enumerated()
            .filter { !$0.offset.isMultiple(of: 2) }.map { String($0.element) }
    }
}
