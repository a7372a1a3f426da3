import Foundation
import Testing

extension EndToEnd {
    @Suite(.serialized)
    struct Readme {
        @Test("The five-minute tour works as written", .enabled(if: Readme.hasTour))
        func tour() throws {
            try Laboratory.run { laboratory in
                let script = laboratory.home + "/tour"
                let text = """
                    set -euo pipefail
                    ip link set lo up
                    mkdir \(laboratory.home)/programs
                    mount --bind \(Programs.folder) \(laboratory.home)/programs
                    mount -t tmpfs tour /tmp
                    export PATH="$PATH:\(laboratory.home)/programs"
                    \(Self.commands.joined(separator: "\n"))
                    [ -z "$(ls -A /tmp)" ] || { echo "the tour leaves something" >&2; exit 1; }
                    """
                try text.write(toFile: script, atomically: true, encoding: .utf8)
                // In a network, process and mount namespace of its own: the tour's addresses, ports
                // and paths cannot meet anybody else's, and all of it ends with the namespaces.
                let outcome = try laboratory.child(
                    "unshare",
                    ["--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]
                        + ["/bin/bash", script]
                ).wait(seconds: 40)
                try #require(outcome.status == 0, "\(outcome.text)")
                #expect(outcome.output.contains("connection 1 is mirrored"))
                #expect(outcome.output.contains("0 differing"), "\(outcome.text)")
            }
        }

        static var hasTour: Bool { !commands.isEmpty }

        /// What stands between ```sh fences in the section "Five minutes".
        private static var commands: [String] {
            let path = Programs.project.path + "/README.md"
            guard let text = try? String(contentsOfFile: path, encoding: .utf8) else { return [] }
            var commands: [String] = []
            var isTour = false
            var isShell = false
            for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
                if isShell {
                    isShell = line != "```"
                    if isShell { commands.append(String(line)) }
                } else if line.hasPrefix("## ") {
                    isTour = line.hasPrefix("## Five minutes")
                } else {
                    isShell = isTour && line == "```sh"
                }
            }
            return commands
        }
    }
}
