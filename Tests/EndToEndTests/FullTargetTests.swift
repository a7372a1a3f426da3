import Foundation
import Testing

extension EndToEnd {
    /// A target's disk that is full, or fails for a while.
    @Suite(.serialized)
    struct FullTarget {
        private let settings = "targetStuckSeconds: 2\n"

        @Test("Space that a later deletion gives back is found, and nothing is skipped")
        func spaceBehind() throws {
            try Laboratory.run { laboratory in
                try laboratory.makeTargetDisk(mebibytes: 64)
                let alpha = try laboratory.protectOnto(settings: settings)
                try laboratory.shell(
                    """
                    cd '\(laboratory.source)'; head -c 30000000 /dev/urandom > big; echo 1 > step
                    rm ballast; echo 2 > step; mkdir later; mv big later/; echo 3 > later/step
                    """)
                try laboratory.requireRetrying(reason: "No space left")
                let begun = Date()
                try laboratory.sync()
                print("recovered after \(Date().timeIntervalSince(begun)) s")
                try laboratory.requireEqual("after a deletion that stood behind")
                #expect(try laboratory.counter("problems") == 0)
                #expect(alpha.log.contains("the target could not take changes"))
            }
        }

        @Test("A disk that stays full is asked again by a resync that sends deletions first")
        func staysFull() throws {
            try Laboratory.run { laboratory in
                try laboratory.makeTargetDisk(mebibytes: 64)
                let alpha = try laboratory.protectOnto(settings: settings)
                try laboratory.shell(
                    """
                    head -c 20000000 /dev/zero > '\(laboratory.home)/disk/of others' || true
                    cd '\(laboratory.source)'; head -c 20000000 /dev/urandom > big
                    echo new > new; rm -r 'folder 0'; mv acl 'moved acl'
                    """)
                try laboratory.requireRetrying(reason: "No space left")
                try Moment.require("the resync", seconds: 15) {
                    alpha.log.contains("resync started")
                }
                try laboratory.requireRetrying(reason: "No space left")
                let removed = !FileManager.default.fileExists(
                    atPath: laboratory.copy + "/folder 0")
                #expect(removed, "deletions come before what needs space")
                try laboratory.shell("rm '\(laboratory.home)/disk/of others'")
                try laboratory.sync()
                try laboratory.requireEqual("after a disk that was full for long")
                #expect(try laboratory.counter("problems") == 0)
            }
        }
    }
}

extension Laboratory {
    /// The copy lies on a small ext4 file system of its own.
    func makeTargetDisk(mebibytes: Int) throws {
        copy = home + "/disk/copy"
        try shell(
            """
            cd '\(home)'; mkdir disk; truncate -s \(mebibytes)M image
            mkfs.ext4 -q -b 4096 image; mount -o loop image disk; rmdir disk/lost+found
            """)
    }

    /// A small tree and 30 MB of `ballast`, mirrored and settled. Answers the source.
    fileprivate func protectOnto(settings: String) throws -> Server {
        try makeTree(60)
        try shell("head -c 30000000 /dev/urandom > '\(source)/ballast'")
        let alpha = try start("alpha", settings: settings)
        try start("beta")
        try protect()
        return alpha
    }

    func requireRetrying(reason: String) throws {
        try Moment.require("the state Retrying for '\(reason)'", seconds: 15) {
            let status = try status()
            return status["targetState"] as? String == "Retrying"
                && (status["reason"] as? String ?? "").contains(reason)
        }
    }
}
