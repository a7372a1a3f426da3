import Glibc

// The loops that Scripts/bench times. Each subcommand is one workload and prints one line of
// figures, so that every rival runs the very same instructions.

func report(_ line: String) {
    print(line)
    fflush(nil)
}

do throws(BenchError) {
    var arguments = Arguments(Array(CommandLine.arguments.dropFirst()))
    report(try Workload.run(&arguments))
} catch {
    let text = Array("understudy-bench: \(error.text)\n".utf8)
    _ = write(2, text, text.count)
    exit(error.status)
}
