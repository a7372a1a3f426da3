import Foundation
import Testing

extension EndToEnd {
    /// Whatever the state of things, commands that wait end in time, with an answer that is true.
    @Suite(.serialized)
    struct Conditions {
        @Test("SYNC, WAITONMIRROR, VERIFY and DISCONNECT end in time and say what is")
        func commands() throws {
            try Laboratory.run { laboratory in
                let scene = try Scene(laboratory)
                try laboratory.capture()
                for condition in Condition.all {
                    let id = try scene.connect()
                    try condition.begin(scene)
                    try ask(laboratory, id, condition)
                    try laboratory.command("disconnect \(id)", seconds: 15)
                    try condition.end(scene)
                }
                // The place of the copy is free again, and what lies there is good for the next.
                try scene.connect()
                try laboratory.requireEqual("after all of it")
            }
        }

        private func ask(_ laboratory: Laboratory, _ id: Int, _ condition: Condition) throws {
            for (command, wanted) in condition.answers(id) {
                let begun = Date()
                let answer = try laboratory.ask(command, seconds: 20)
                let seconds = Date().timeIntervalSince(begun)
                let code = answer.code ?? 0
                print("\(condition.name): \(command): \(code), \(seconds) s, \(answer.message)")
                #expect(wanted.contains(code), "\(condition.name), \(command): \(answer.text)")
                #expect(seconds < 15, "\(condition.name), \(command) took \(seconds) s")
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

    /// A connection, with what differs mirrored and settled.
    @discardableResult
    func connect() throws -> Int {
        let answer = try laboratory.command(
            laboratory.connectCommand + " mirror different, orphans")
        let id = try #require(answer.integer)
        try laboratory.command("waitonmirror \(id) timeout 30 seconds", seconds: 40)
        try laboratory.command("sync \(id) timeout 20 seconds", seconds: 30)
        try Moment.require("the mirror on the target's disk", seconds: 15) {
            try laboratory.command("status connection \(id)").record["settled"] as? Bool == true
        }
        return id
    }

    func write(_ name: String, bytes: Int) throws {
        try laboratory.shell(
            "head -c \(bytes) /dev/urandom > '\(laboratory.source)/\(name)'")
    }
}

/// Something that stands in the way, and the error codes that commands may end with meanwhile.
struct Condition: Sendable {
    let name: String
    private let codes: (Set<Int>, Set<Int>, Set<Int>)
    private let seconds: Int
    let begin: @Sendable (Scene) throws -> Void
    let end: @Sendable (Scene) throws -> Void

    private static let timedOut = -1001
    private static let unreachable = -1014
    private static let mirrors = -108

    /// - Parameter codes: of SYNC, WAITONMIRROR and VERIFY; 0: it succeeds.
    private init(
        _ name: String, _ codes: (Set<Int>, Set<Int>, Set<Int>), seconds: Int = 1,
        begin: @escaping @Sendable (Scene) throws -> Void,
        end: @escaping @Sendable (Scene) throws -> Void
    ) {
        self.name = name
        self.codes = codes
        self.seconds = seconds
        self.begin = begin
        self.end = end
    }

    /// What is asked of a connection, and the codes of good answers.
    func answers(_ id: Int) -> [(command: String, codes: Set<Int>)] {
        [
            ("sync \(id) timeout \(seconds) seconds", codes.0),
            ("waitonmirror \(id) timeout \(seconds) seconds", codes.1), ("verify \(id)", codes.2),
        ]
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
            scene.beta.child?.signal(SIGSTOP)
            try scene.laboratory.command("mirror start * full")
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
            try Moment.require("the state Retrying", seconds: 15) {
                try scene.laboratory.command("status connection *").shown.contains("No space left")
            }
        } end: { scene in
            try scene.laboratory.shell("rm '\(scene.laboratory.home)/disk/of others'")
        },
    ]
}
