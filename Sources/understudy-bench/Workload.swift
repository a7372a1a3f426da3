/// The subcommands.
enum Workload {
    static let usage = """
        usage: understudy-bench WORKLOAD ARGUMENTS
          create FOLDER COUNT           files of 100 bytes: create, write, close
          stat FOLDER COUNT             sizes of those files, each after a write to it
          lookup FOLDER COUNT           sizes of those files as they are cached
          read FOLDER COUNT             open, read, close, ten times each
          rename FOLDER COUNT           each to another name
          unlink FOLDER COUNT           each under its new name
          randwrite FILE COUNT          4 KiB at random places of an existing file
          seqwrite FILE MEBIBYTES       writes of 1 MiB into a new file
          blockwrite FILE MEBIBYTES     writes of 4 KiB, one after the other, into a new file
          pour FILE SECONDS             writes of 64 KiB into an existing file, round and round
          latency-writer FILE COUNT MICROSECONDS
                                        stamped writes of 4 KiB at fixed times
          latency-reader FILE COUNT SECONDS
                                        waits for the stamps; microseconds p50 p99 max seen
          spawn COUNT PROGRAM [WORD …]  microseconds from start to end of a process, one a line
        Every workload prints one line: its name, operations a second, operations.
        """

    static func run(_ arguments: inout Arguments) throws(BenchError) -> String {
        let name = try arguments.text("WORKLOAD")
        switch name {
        case "create", "stat", "lookup", "read", "rename", "unlink":
            let folder = try arguments.text("FOLDER")
            let names = NameWorkload(folder: folder, count: try arguments.count("COUNT"))
            try arguments.end()
            return try names.run(name).line(name)
        case "randwrite":
            let path = try arguments.text("FILE")
            let count = try arguments.count("COUNT")
            try arguments.end()
            return try OpenFile(path, create: false).writeAtRandom(count: count).line(name)
        case "pour":
            let path = try arguments.text("FILE")
            let seconds = try arguments.count("SECONDS")
            try arguments.end()
            return try OpenFile(path, create: false).pour(seconds: seconds).line(name)
        case "seqwrite", "blockwrite":
            let path = try arguments.text("FILE")
            let bytes = try arguments.count("MEBIBYTES") << 20
            try arguments.end()
            let blockBytes = name == "seqwrite" ? 1 << 20 : OpenFile.blockBytes
            return try OpenFile(path, create: true)
                .writeOnwards(bytes: bytes, blockBytes: blockBytes).line(name)
        case "latency-writer":
            let path = try arguments.text("FILE")
            let count = try arguments.count("COUNT")
            let interval = try arguments.count("MICROSECONDS")
            try arguments.end()
            let file = try OpenFile(path, create: false)
            return try LatencyWriter(file: file, count: count, microseconds: interval).run()
        case "latency-reader":
            let path = try arguments.text("FILE")
            let count = try arguments.count("COUNT")
            let seconds = try arguments.count("SECONDS")
            try arguments.end()
            let file = try OpenFile(path, create: false)
            return try LatencyReader(file: file, count: count, silenceSecondsMax: seconds).run()
        case "spawn":
            let count = try arguments.count("COUNT")
            return try Spawn(words: try arguments.rest("PROGRAM")).run(count)
        case "help", "--help", "-h":
            return usage
        default:
            throw .usage("'\(name)' is no workload\n\(usage)")
        }
    }
}
