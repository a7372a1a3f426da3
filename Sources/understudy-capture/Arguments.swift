/// The command line, read by hand: this process should start fast and link little.
struct Arguments {
    var mountPath = ""
    var number: UInt8 = 0
    var socketPath = ""
    var journalDescriptor: CInt = -1
    var logPath: String?
    var marksFolder: String?
    var hasTripwire = false
    var deathsMax = 5
    /// Given by a server to the keeper that it becomes, not by people.
    var resumedDescriptor: CInt?

    enum Outcome {
        case success(Arguments)
        case help
        case failure(String)
    }

    static let help = """
        Usage: understudy-capture --mount PATH --number N --socket PATH
                                  [--journal-fd FD] [--log FILE] [--marks FOLDER]
                                  [--deaths N] [--tripwire on|off]

        Puts a file system over the folder PATH that passes everything through and records every
        change. Started by understudyd; prints 'ready' when the mount is live.

          --mount PATH      the folder
          --number N        its number in the records, 1 to 255
          --socket PATH     where to be told what to do
          --journal-fd FD   an inherited descriptor of the journal's memory
          --log FILE        where messages go instead of standard error
          --marks FOLDER    where it is written down what is about to change, so that a power cut
                            cannot hide a change
          --deaths N        how often what serves the mount may be killed in ten seconds before the
                            mount ends; 5 if not given
          --tripwire on     notices changes below the folder that do not come through the mount
        """

    static func parse(_ words: [String]) -> Outcome {
        var result = Arguments()
        var rest = words[...]
        while let word = rest.popFirst() {
            if word == "--help" || word == "-h" { return .help }
            guard let value = rest.popFirst() else { return .failure("'\(word)' needs a value") }
            switch word {
            case "--mount": result.mountPath = value
            case "--socket": result.socketPath = value
            case "--log": result.logPath = value
            case "--marks": result.marksFolder = value
            case "--tripwire":
                guard value == "on" || value == "off" else {
                    return .failure("--tripwire: got '\(value)', expected on or off")
                }
                result.hasTripwire = value == "on"
            case "--resume": result.resumedDescriptor = CInt(value)
            case "--deaths":
                guard let count = Int(value), count >= 0 else {
                    return .failure("--deaths: got '\(value)', expected a number from 0")
                }
                result.deathsMax = count
            case "--number":
                guard let number = UInt8(value), number > 0 else {
                    return .failure("--number: got '\(value)', expected 1 to 255")
                }
                result.number = number
            case "--journal-fd":
                guard let descriptor = CInt(value), descriptor >= 0 else {
                    return .failure("--journal-fd: got '\(value)', expected a descriptor")
                }
                result.journalDescriptor = descriptor
            default: return .failure("unknown option '\(word)'")
            }
        }
        guard !result.mountPath.isEmpty, !result.socketPath.isEmpty, result.number > 0 else {
            return .failure("--mount, --number and --socket are needed")
        }
        return .success(result)
    }
}
