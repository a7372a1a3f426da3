// swift-tools-version: 6.2
import PackageDescription

let package = Package(
    name: "garden",
    dependencies: [
        .package(name: "understudy", path: "../../..")
    ],
    targets: [
        .executableTarget(
            name: "garden",
            dependencies: [.product(name: "ScriptHost", package: "understudy")],
            path: "Sources/Garden")
    ]
)
