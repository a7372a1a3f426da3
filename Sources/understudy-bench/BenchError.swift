import Glibc

/// Why a workload could not be run to its end.
enum BenchError: Error {
    case usage(String)
    /// A system call failed: its name, what it was about, its error number.
    case call(String, String, Int32)
    case tooLate(String)

    /// A system call that has just failed.
    static func failed(_ call: String, _ subject: String) -> BenchError {
        .call(call, subject, errno)
    }

    var text: String {
        switch self {
        case .usage(let text): text
        case .call(let call, let subject, let number):
            "\(call) of '\(subject)': \(String(cString: strerror(number)))"
        case .tooLate(let text): text
        }
    }

    /// Exit status: 2 for a wrong command line, 1 for the rest.
    var status: Int32 {
        if case .usage = self { return 2 }
        return 1
    }
}
