import Foundation
import Testing

extension EndToEnd {
    @Suite(.serialized)
    struct Network {
        @Test("A network that is cut and comes back loses nothing and needs no mirror")
        func cutAndBack() throws {
            try Laboratory.run { laboratory in
                let network = try PrivateNetwork(laboratory)
                try laboratory.makeTree(200)
                try laboratory.start("alpha", address: network.near)
                try laboratory.start("beta", address: network.far, within: network.entering)
                try laboratory.protect()
                let cut = "a cut of the network"
                try laboratory.survives(cut, seconds: 5) {
                    try network.set(up: false)
                    try laboratory.shell("echo cut > '\(laboratory.source)/written while cut'")
                    // Nothing arrives: what was written stays in the queue.
                    try Moment.require("changes that wait", seconds: 5) {
                        try laboratory.counter("operationsInQueue") > 0
                    }
                    let arrived = FileManager.default.fileExists(
                        atPath: laboratory.copy + "/written while cut")
                    try #require(!arrived)
                    try network.set(up: true)
                }
            }
        }
    }
}

/// A network namespace with one link into it, which can be cut.
final class PrivateNetwork {
    /// Of this side, and of the side in the namespace.
    let near: String
    let far: String
    private let space: String
    private let link: String
    private let laboratory: Laboratory

    init(_ laboratory: Laboratory) throws {
        self.laboratory = laboratory
        let process = Int(getpid()) & 0x3FFF
        // 198.18.0.0/15 is for tests of networks; four addresses for each process.
        let base = "198.\(18 + (process >> 13)).\((process >> 6) & 0x7F)"
        let first = (process & 0x3F) * 4
        near = "\(base).\(first + 1)"
        far = "\(base).\(first + 2)"
        space = "understudy-\(getpid())"
        link = "us\(getpid())"
        let (space, link) = (space, link)
        laboratory.atEnd {
            let commands = "ip link del \(link)a; ip netns del \(space)"
            let child = try? Child(
                "/bin/sh", ["-c", commands], folder: laboratory.outputFolder)
            _ = try? child?.wait(seconds: 10)
        }
        try laboratory.shell(
            """
            ip netns add \(space)
            ip link add \(link)a type veth peer name \(link)b
            ip link set \(link)b netns \(space)
            ip addr add \(near)/30 dev \(link)a
            ip link set \(link)a up
            ip -n \(space) addr add \(far)/30 dev \(link)b
            ip -n \(space) link set \(link)b up
            ip -n \(space) link set lo up
            """)
    }

    /// Words that start a program on the far side; it sees the same files and mounts as we do.
    var entering: [String] { ["nsenter", "--net=/run/netns/\(space)"] }

    func set(up: Bool) throws {
        try laboratory.shell("ip -n \(space) link set \(link)b \(up ? "up" : "down")")
    }
}
