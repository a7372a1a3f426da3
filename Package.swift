// swift-tools-version: 6.2
import PackageDescription

// A target exists because some import must be impossible. Docs/Architecture.md draws who may import
// whom; Tests/TidyTests holds this file against that drawing.

let strict: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .treatAllWarnings(as: .error),
]

let argumentParser: Target.Dependency = .product(
    name: "ArgumentParser", package: "swift-argument-parser")
let certificates: Target.Dependency = .product(name: "X509", package: "swift-certificates")
let crypto: Target.Dependency = .product(name: "Crypto", package: "swift-crypto")
let database: Target.Dependency = .product(name: "GRDB", package: "GRDB.swift")
let httpServer: Target.Dependency = .product(name: "HummingbirdCore", package: "hummingbird")
let httpTypes: Target.Dependency = .product(name: "HTTPTypes", package: "swift-http-types")
let logging: Target.Dependency = .product(name: "Logging", package: "swift-log")
let nioCore: Target.Dependency = .product(name: "NIOCore", package: "swift-nio")
let nioEmbedded: Target.Dependency = .product(name: "NIOEmbedded", package: "swift-nio")
let nioPosix: Target.Dependency = .product(name: "NIOPosix", package: "swift-nio")
let nioSecure: Target.Dependency = .product(name: "NIOSSL", package: "swift-nio-ssl")
let nioTLS: Target.Dependency = .product(name: "NIOTLS", package: "swift-nio")
let swiftASN1: Target.Dependency = .product(name: "SwiftASN1", package: "swift-asn1")
let yaml: Target.Dependency = .product(name: "Yams", package: "Yams")

/// For programs whose start counts: libstdc++ becomes a part of them where the runtime of Swift
/// does (`--static-swift-stdlib`); otherwise nobody asks for it.
let quickStart: [LinkerSetting] = [
    .unsafeFlags(
        ["-L\(Context.packageDirectory)/Scripts/Support/linking"],
        .when(configuration: .release))
]

func room(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: strict)
}

func tool(
    _ name: String, _ dependencies: [Target.Dependency], linking: [LinkerSetting] = []
) -> Target {
    .executableTarget(
        name: name, dependencies: dependencies, swiftSettings: strict, linkerSettings: linking)
}

func tests(
    _ name: String, _ dependencies: [Target.Dependency] = [], excluding: [String] = [],
    linking: [LinkerSetting] = []
) -> Target {
    .testTarget(
        name: name, dependencies: dependencies, exclude: excluding, swiftSettings: strict,
        linkerSettings: linking)
}

let package = Package(
    name: "understudy",
    products: [
        .executable(name: "understudyd", targets: ["understudyd"]),
        .executable(name: "understudy-capture", targets: ["understudy-capture"]),
        .executable(name: "dtcl", targets: ["dtcl"]),
        .executable(name: "understudy-bench", targets: ["understudy-bench"]),
        // With the rooms whose types its own interface speaks of, and what editors use.
        .library(
            name: "ScriptHost",
            targets: [
                "CommandModel", "CommandTable", "DTCLFormat", "DTCLInterpreter", "DTCLSyntax",
                "LanguageServer", "ScriptHost",
            ]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2"),
        .package(url: "https://github.com/apple/swift-asn1", exact: "1.7.4"),
        .package(url: "https://github.com/apple/swift-certificates", exact: "1.21.1"),
        .package(url: "https://github.com/apple/swift-crypto", exact: "4.5.2"),
        .package(url: "https://github.com/apple/swift-http-types", exact: "1.8.0"),
        .package(url: "https://github.com/apple/swift-log", exact: "1.16.2"),
        .package(url: "https://github.com/apple/swift-nio", exact: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-ssl", exact: "2.37.6"),
        .package(url: "https://github.com/groue/GRDB.swift", exact: "7.10.0"),
        .package(
            url: "https://github.com/hummingbird-project/hummingbird", exact: "2.28.1"),
        .package(url: "https://github.com/jpsim/Yams", exact: "6.2.2"),
    ],
    targets: [
        // C interop: no logic.
        .target(name: "CPosix"),
        // Headers only: the library is opened when the first line is edited.
        .systemLibrary(name: "CLibEdit", providers: [.apt(["libedit-dev"])]),
        .systemLibrary(name: "CLinuxFuse"),
        // For tests that compare with it: CLuaSupport opens the library with the first script.
        .systemLibrary(name: "CLua", providers: [.apt(["liblua5.4-dev"])]),
        .systemLibrary(
            name: "CXXHash", pkgConfig: "libxxhash", providers: [.apt(["libxxhash-dev"])]),
        // Whatever calls a function of Lua that may jump out of it.
        .target(name: "CLuaSupport"),

        // Language.
        room("DTCLSyntax"),
        room("DTCLInterpreter", ["DTCLSyntax"]),
        room("DTCLFormat", ["DTCLSyntax"]),
        room("FuzzLanguage", ["DTCLFormat", "DTCLInterpreter", "DTCLSyntax"]),
        room("CommandTable", ["CommandModel", "DTCLSyntax"]),
        room("LuaKit", ["CLuaSupport", "CommandModel"]),
        room("FuzzLua", ["CommandModel", "LuaKit"]),
        room("UnderstudyCommands", ["CommandModel", "CommandTable"]),
        room(
            "ScriptHost",
            [
                "CPosix", "CommandModel", "CommandTable", "DTCLInterpreter", "DTCLSyntax", "LuaKit",
            ]),
        room(
            "LanguageServer",
            [
                "CommandModel", "CommandTable", "DTCLFormat", "DTCLInterpreter", "DTCLSyntax",
                "ScriptHost",
            ]),

        // Control.
        room("CommandModel"),
        room("ControlClient", ["CommandModel", "CommandTable", "ScriptHost"]),
        room("ControlServer", ["CommandModel", httpServer, httpTypes, logging, nioCore, nioPosix]),
        room("Identity", ["CPosix", certificates, crypto, nioSecure, swiftASN1]),
        room("ToolKit", ["CLibEdit", "DTCLSyntax"]),

        // Engine: names.
        room("ReplicationModel", ["CXXHash"]),
        // Engine: decisions.
        room("CaptureControl"),
        room("MirrorCore", ["ReplicationModel"]),
        room("SessionCore"),
        room("WireProtocol", ["ReplicationModel"]),
        // Engine: input and output.
        room("FileSystemAccess", ["CPosix"]),
        room("FuseKernel", ["CLinuxFuse"]),
        room("Journal", ["CPosix", "FileSystemAccess", "ReplicationModel"]),
        room("StateStore", ["ReplicationModel", database]),
        room("TargetApply", ["CPosix", "FileSystemAccess", "MirrorCore", "ReplicationModel"]),
        room(
            "MirrorSource",
            ["CPosix", "FileSystemAccess", "MirrorCore", "ReplicationModel", "WireProtocol"]),
        room("Transport", ["Identity", "WireProtocol", nioCore, nioPosix, nioSecure, nioTLS]),
        // Engine: composition.
        room(
            "CaptureFS",
            [
                "CLinuxFuse", "CPosix", "CaptureControl", "FileSystemAccess", "FuseKernel", "Journal",
                "ReplicationModel",
            ]),
        room(
            "Runtime",
            [
                "CPosix", "CaptureControl", "CommandModel", "FileSystemAccess", "Identity", "Journal",
                "MirrorCore", "MirrorSource", "ReplicationModel", "SessionCore", "StateStore",
                "TargetApply", "Transport", "WireProtocol", logging, nioCore, nioPosix,
            ]),

        // The engine without a network and without a kernel, to be broken.
        room(
            "SimulationKit",
            [
                "CPosix", "FileSystemAccess", "Journal", "MirrorCore", "MirrorSource",
                "ReplicationModel", "SessionCore", "TargetApply", "WireProtocol",
            ]),

        // Programs.
        tool(
            "dtcl",
            [
                "CommandModel", "CommandTable", "ControlClient", "DTCLFormat", "DTCLInterpreter",
                "DTCLSyntax", "LanguageServer", "ScriptHost", "ToolKit", "UnderstudyCommands",
            ], linking: quickStart),
        tool("understudy-bench", []),
        tool(
            "understudy-fuzz",
            ["DTCLFormat", "DTCLInterpreter", "DTCLSyntax", "FuzzLanguage", "FuzzLua"]),
        tool("understudy-sim", ["SimulationKit"]),
        tool("understudy-capture", ["CLinuxFuse", "CPosix", "CaptureFS", "Journal"]),
        tool(
            "understudyd",
            [
                "CommandModel", "CommandTable", "ControlServer", "DTCLInterpreter", "DTCLSyntax",
                "Runtime", "ScriptHost", "StateStore", "UnderstudyCommands", argumentParser, logging, yaml,
            ]),

        // Tests.
        tests("CaptureControlTests", ["CaptureControl"]),
        tests(
            "CaptureFSTests",
            [
                "CLinuxFuse", "CPosix", "CaptureControl", "CaptureFS", "FileSystemAccess", "FuseKernel",
                "Journal", "ReplicationModel", "TargetApply", "understudy-capture",
            ]),
        tests(
            "CommandTableTests",
            ["CommandModel", "CommandTable", "DTCLSyntax", "UnderstudyCommands"],
            excluding: ["Corpus"]),
        tests("ControlServerTests", ["CommandModel", "ControlServer", logging]),
        tests("DtclTests", ["CommandModel", "ControlClient", "dtcl"]),
        tests("DTCLFormatTests", ["DTCLFormat", "DTCLSyntax", "FuzzLanguage"]),
        tests(
            "DTCLInterpreterTests", ["DTCLInterpreter", "DTCLSyntax", "FuzzLanguage"],
            excluding: ["Corpus", "Disassembly"]),
        tests("DTCLSyntaxTests", ["DTCLSyntax", "FuzzLanguage"]),
        tests(
            "EndToEndTests", ["dtcl", "understudy-capture", "understudyd"], excluding: ["Support"]),
        tests("FileSystemAccessTests", ["CPosix", "FileSystemAccess"]),
        tests("FuseKernelTests", ["CLinuxFuse", "FuseKernel"]),
        tests("IdentityTests", ["Identity", nioSecure]),
        tests("JournalTests", ["CPosix", "FileSystemAccess", "Journal", "ReplicationModel"]),
        tests(
            "LanguageServerTests",
            [
                "CommandModel", "CommandTable", "DTCLInterpreter", "DTCLSyntax", "LanguageServer",
                "UnderstudyCommands",
            ], excluding: ["Conversations"]),
        tests(
            "LuaKitTests", ["CLua", "CommandModel", "FuzzLua", "LuaKit"], excluding: ["Corpus"],
            linking: [.linkedLibrary("lua5.4")]),
        tests(
            "MirrorTests",
            [
                "CPosix", "FileSystemAccess", "MirrorCore", "MirrorSource", "ReplicationModel",
                "TargetApply", "WireProtocol",
            ]),
        tests(
            "RuntimeTests",
            [
                "CaptureControl", "CommandModel", "FileSystemAccess", "Journal", "ReplicationModel",
                "Runtime", "SessionCore", "StateStore",
            ]),
        tests(
            "ScriptHostTests",
            ["CommandModel", "CommandTable", "DTCLInterpreter", "DTCLSyntax", "ScriptHost"]),
        tests("SessionCoreTests", ["SessionCore"]),
        tests("SimulationTests", ["SimulationKit"]),
        tests("StateStoreTests", ["StateStore", database]),
        tests(
            "TargetApplyTests",
            [
                "CPosix", "FileSystemAccess", "MirrorCore", "ReplicationModel", "TargetApply",
            ]),
        tests("TidyTests"),
        tests(
            "TransportTests",
            [
                "Identity", "ReplicationModel", "Transport", "WireProtocol", nioCore, nioEmbedded,
                nioPosix, nioSecure,
            ]),
        tests(
            "UnderstudydTests",
            [
                "CommandModel", "ControlServer", "Runtime", "ScriptHost", "StateStore",
                "UnderstudyCommands", "understudyd", argumentParser, logging,
            ]),
        tests("WireProtocolTests", ["ReplicationModel", "WireProtocol"]),
    ],
    swiftLanguageModes: [.v6]
)
