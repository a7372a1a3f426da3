import CommandModel
import CommandTable
import DTCLSyntax
import ScriptHost
import Testing

@Suite struct RunCommandTests {
    private let folder = TemporaryFolder()

    private func sample() -> Sample {
        var sample = Sample()
        let declarations = SampleTable.table.declarations.filter { $0.id != "run" }
        let table = CommandTable(declarations + [RunCommand.declaration])
        sample.host.table = { table }
        return sample
    }

    private func run(_ text: String, in sample: Sample) async -> ScriptOutcome {
        await sample.host.run(SourceText(text, name: "\(folder.path)/main.dtcl"))
    }

    @Test func `RUN takes a script beside the one that says it`() async {
        let sample = sample()
        _ = folder.program("hello", #"echo "hello $1 $2""#)
        folder.write("inner.dtcl", "echo $1\nreturn 5")
        let text = """
            run hello args "big world" timeout 10s
            $r = run inner.dtcl args = "x"
            write $r.value, " ", $r.outcome, " ", $r.output
            """
        #expect(await run(text, in: sample).exitStatus == 0)
        #expect(sample.output.lines == ["hello big world", "5 succeeded said x"])
        #expect(sample.router.requests.map(\.command) == ["echo"])
        #expect(sample.host.history.reports.map(\.outcome) == [.succeeded, .succeeded])
    }

    @Test func `what RUN could not do is an error of the command`() async {
        let sample = sample()
        _ = folder.program("fail", "echo why", "exit 4")
        _ = folder.program("hang", "sleep 1000")
        folder.write("wrong.dtcl", "ehco")
        folder.write("again.dtcl", "run again.dtcl")
        let text = """
            foreach $name in ["fail", "missing", "wrong.dtcl", "again.dtcl"] do
                $r = run $name
                write $r
            end
            $r = run hang timeout 100ms
            write $r
            $r = run fail
            write error().message
            """
        #expect(await run(text, in: sample).exitStatus == 0)
        #expect(
            sample.output.lines
                == [
                    "-1030", "-1031", "-1031", "-1030", "-1001",
                    "\(folder.path)/fail: exit status 4: why",
                ])
    }

    @Test func `a host can close the door`() async {
        var sample = sample()
        sample.host.allowsRun = false
        _ = folder.program("touch", "touch \(folder.path)/done")
        #expect(await run("run touch", in: sample).exitStatus == 1)
        #expect(!folder.has("done"))
    }

    @Test func `an interruption ends the script that RUN started`() async {
        let sample = sample()
        let path = folder.path
        _ = folder.program("wait", "sleep 1000 & echo $! > \(path)/pid", "wait")
        folder.write("outer.dtcl", "hang")
        let host = sample.host
        let task = Task {
            await host.run(SourceText("run outer.dtcl", name: "\(path)/main.dtcl"))
        }
        sample.router.whenHanging { task.cancel() }
        #expect(await task.value.exitStatus == 130)
    }
}
