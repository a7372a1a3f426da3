import Foundation
import Testing

extension EndToEnd {
    /// What SYNC says is true.
    @Suite(.serialized)
    struct Sync {
        @Test("SYNC waits for what was stored through shared mappings")
        func mapped() throws {
            try Laboratory.run { laboratory in
                try laboratory.shell("mkdir '\(laboratory.source)'")
                _ = try laboratory.startBoth()
                try laboratory.protect()
                let server = try #require(laboratory.captureServers.first)
                var words = [
                    laboratory.source + "/mapped", laboratory.copy + "/mapped", "\(server)", "4",
                    Programs.path("dtcl"),
                ]
                for server in laboratory.servers {
                    words += ["--server", "\(server.name)=unix:\(server.socket)"]
                }
                words += ["-c", "source alpha; sync 1 timeout 2 seconds"]
                let outcome = try laboratory.child(Programs.support("mapped"), words).wait(
                    seconds: 60)
                try #require(outcome.status == 0, "\(outcome.text)")
            }
        }

        @Test("SYNC ends when its connection does, and has one limit for all that it names")
        func ends() throws {
            try Laboratory.run { laboratory in
                try laboratory.makeTree(20)
                let (_, beta) = try laboratory.startBoth()
                try laboratory.protect()
                beta.child?.signal(SIGSTOP)
                try laboratory.shell("echo more > '\(laboratory.source)/more'")
                let patient = try laboratory.child(
                    Programs.path("dtcl"),
                    [
                        "--json", "--server", "alpha=unix:\(laboratory.servers[0].socket)", "-c",
                        "source alpha; sync *",
                    ])
                let begun = Date()
                let late = try laboratory.ask("sync * timeout 1 seconds")
                #expect(late.code == -1001, "\(late.text)")
                #expect(Date().timeIntervalSince(begun) < 10)
                try #require(patient.isRunning)
                try laboratory.command("disconnect 1")
                let outcome = try patient.wait(seconds: 15)
                #expect(outcome.output.contains("ended meanwhile"), "\(outcome.text)")
                beta.child?.signal(SIGCONT)
            }
        }
    }
}
