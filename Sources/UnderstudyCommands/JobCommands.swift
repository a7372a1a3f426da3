import CommandModel
import CommandTable

/// Scripts that run at times.
enum JobCommands {
    static let all = [
        CommandDeclaration(
            "job.add", "JOB ADD",
            .all(
                Shared.newName, .word("RUN"), Shared.script, .maybe(Shared.arguments),
                .either(
                    Shared.moment, Shared.interval,
                    .all(.word("CRON"), .value("cron", .text, shown: "\"m h d m w\""))),
                .anyOrder(
                    .all(.word("IF"), .word("MISSED"), Shared.choice("missed", "RUN", "SKIP")),
                    .all(.word("OVERLAP"), Shared.choice("overlap", "SKIP", "QUEUE", "KILL")))),
            changes: true, group: Group.jobs,
            summary: "runs a script at a time, or again and again",
            details: """
                IF MISSED says what happens when the server was not running at the time, OVERLAP \
                when the last run is not over yet.
                """,
            examples: [
                .init("job add nightly run \"/opt/night.dtcl\" at 02:30"),
                .init("job add often run LUA:check every 10 minutes overlap skip"),
                .init(
                    "job add weekly run \"/opt/w.sh\" args \"a b\" cron \"0 3 * * 0\" if missed run"
                ),
            ], plan: "would add the job '{name}' that runs {script}"),
        job("job.delete", "JOB DELete", "deletes a job", plan: "would delete the job '{name}'"),
        job(
            "job.enable", "JOB ENAble", "lets a job run at its times again",
            plan: "would let the job '{name}' run at its times"),
        job(
            "job.disable", "JOB DISAble", "keeps a job and does not run it",
            plan: "would let the job '{name}' not run"),
        job("job.run", "JOB RUN", "runs a job now", plan: "would run the job '{name}' now"),
        CommandDeclaration(
            "job.list", "JOB LISt", permission: .monitor, group: Group.jobs,
            summary: "lists the jobs and when they run next", answer: "a list of records",
            examples: [.init("job list")]),
        CommandDeclaration(
            "job.history", "JOB HIStory", Shared.job, permission: .monitor, group: Group.jobs,
            summary: "lists the runs of a job", answer: "a list of records",
            examples: [.init("job history nightly")]),
    ].map(\.later)

    private static func job(
        _ id: String, _ words: String, _ summary: String, plan: String
    ) -> CommandDeclaration {
        CommandDeclaration(
            id, words, Shared.job, changes: true, group: Group.jobs, summary: summary,
            examples: [.init("\(id.split(separator: ".").joined(separator: " ")) nightly")],
            plan: plan)
    }
}
