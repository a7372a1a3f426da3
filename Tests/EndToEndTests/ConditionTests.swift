import Foundation
import Testing

extension EndToEnd {
    /// Whatever the state of things, commands that wait end in time, with an answer that is true.
    @Suite(.serialized)
    struct Conditions {
        @Test(
            "SYNC, WAITONMIRROR, VERIFY and DISCONNECT end in time and say what is",
            arguments: Condition.all)
        func commands(condition: Condition) throws {
            try Laboratory.run { laboratory in
                let scene = try Scene(laboratory)
                try scene.protect()
                try condition.begin(scene)
                for (command, wanted) in condition.answers {
                    let begun = Date()
                    let answer = try laboratory.ask(command, seconds: 20)
                    let seconds = Date().timeIntervalSince(begun)
                    let code = answer.code ?? 0
                    print("\(condition): \(command): \(code) \(answer.message)")
                    #expect(wanted.contains(code), "\(command): \(answer.text)")
                    #expect(seconds < 15, "\(command) took \(seconds) s")
                    if code != 0 { #expect(!answer.message.isEmpty) }
                }
                try laboratory.command("disconnect 1", seconds: 15)
                try condition.end(scene)
                // The place of the copy is free again, and what lies there is good for the next.
                try laboratory.command(laboratory.connectCommand + " mirror different, orphans")
                try laboratory.command("waitonmirror 2 timeout 30 seconds", seconds: 40)
                try laboratory.command("sync 2 timeout 20 seconds", seconds: 30)
                try laboratory.requireEqual("after \(condition)")
            }
        }
    }
}

/// What a condition may do something to.
final class Scene {
    let laboratory: Laboratory
    let network: PrivateNetwork
    let alpha: Server
    let beta: Server

    init(_ laboratory: Laboratory) throws {
        self.laboratory = laboratory
        network = try PrivateNetwork(laboratory)
        try laboratory.makeTargetDisk(mebibytes: 48)
        try laboratory.makeTree(60)
        alpha = try laboratory.start(
            "alpha", address: network.near, settings: "targetStuckSeconds: 3\n")
        beta = try laboratory.start("beta", address: network.far, within: network.entering)
    }

    func protect() throws { try laboratory.protect() }

    func write(_ name: String, bytes: Int) throws {
        try laboratory.shell(
            "head -c \(bytes) /dev/urandom > '\(laboratory.source)/\(name)'")
    }
}

/// Something that stands in the way, and the error codes that commands may end with meanwhile.
struct Condition: Sendable, CustomTestStringConvertible, CustomStringConvertible {
    let description: String
    let answers: [(command: String, codes: Set<Int>)]
    let begin: @Sendable (Scene) throws -> Void
    let end: @Sendable (Scene) throws -> Void

    var testDescription: String { description }

    private static let timedOut = -1001
    private static let unreachable = -1014
    private static let mirrors = -108

    /// - Parameter codes: of SYNC, WAITONMIRROR and VERIFY; 0: it succeeds.
    private init(
        _ description: String, _ codes: (Set<Int>, Set<Int>, Set<Int>), seconds: Int = 1,
        begin: @escaping @Sendable (Scene) throws -> Void,
        end: @escaping @Sendable (Scene) throws -> Void
    ) {
        self.description = description
        answers = [
            ("sync 1 timeout \(seconds) seconds", codes.0),
            ("waitonmirror 1 timeout \(seconds) seconds", codes.1), ("verify 1", codes.2),
        ]
        self.begin = begin
        self.end = end
    }

    static let all = [
        Condition("target stopped", ([timedOut], [0], [unreachable])) { scene in
            try #require(try scene.beta.stop() == 0)
            try scene.write("more", bytes: 1000)
        } end: { scene in
            try scene.beta.start()
        },
        Condition("network cut", ([timedOut], [0], [unreachable])) { scene in
            try scene.network.set(up: false)
            try scene.write("more", bytes: 1000)
        } end: { scene in
            try scene.network.set(up: true)
        },
        Condition("mirror running", ([timedOut], [timedOut], [mirrors])) { scene in
            try scene.write("big", bytes: 20_000_000)
            try scene.laboratory.sync()
            scene.beta.child?.signal(SIGSTOP)
            try scene.laboratory.command("mirror start 1 full")
        } end: { scene in
            scene.beta.child?.signal(SIGCONT)
        },
        Condition("resync that waits", ([timedOut], [timedOut], [mirrors])) { scene in
            // The capture ends, and nothing is there that could be captured again.
            let source = scene.laboratory.source
            try scene.laboratory.shell("sync -f '\(source)'")
            scene.laboratory.killCaptures()
            umount2(source, Int32(MNT_DETACH))
            try scene.laboratory.shell("mv '\(source)' '\(source) away'")
            try Moment.require("the loss of the capture", seconds: 10) {
                scene.alpha.log.contains("is not captured")
            }
        } end: { scene in
            let source = scene.laboratory.source
            try scene.laboratory.shell("mv '\(source) away' '\(source)'")
            try Moment.require("the capture", seconds: 15) { Mounts.isCaptured(source) }
        },
        Condition("capture killed", ([0], [0], [0]), seconds: 10) { scene in
            scene.laboratory.killCaptures()
        } end: { scene in
            try Moment.require("the capture", seconds: 15) {
                Mounts.isCaptured(scene.laboratory.source)
            }
        },
        Condition("target full", ([timedOut], [0, timedOut], [unreachable, mirrors])) { scene in
            let others = scene.laboratory.home + "/disk/of others"
            try scene.laboratory.shell("head -c 40000000 /dev/zero > '\(others)' || true")
            try scene.write("big", bytes: 20_000_000)
            try scene.laboratory.requireRetrying(reason: "No space left")
        } end: { scene in
            try scene.laboratory.shell("rm '\(scene.laboratory.home)/disk/of others'")
        },
    ]
}
