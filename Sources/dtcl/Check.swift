import CommandModel
import DTCLSyntax
import ScriptHost
import ToolKit

/// `dtcl check`: diagnostics only, nothing runs and no server is asked.
struct Check {
    var isJSON: Bool

    /// 2 when a file is wrong or cannot be read.
    func run(_ files: [String]) -> Int {
        var status = 0
        for file in files where !isGood(file) { status = 2 }
        return status
    }

    private func isGood(_ file: String) -> Bool {
        let bytes: [UInt8]
        do throws(InputFile.Failure) {
            bytes = try file == "-" ? InputFile.readStandardInput() : InputFile.read(file)
        } catch {
            Terminal.write("dtcl: \(error.message)\n", to: .error)
            return false
        }
        guard let options = try? Options(["-i"]) else { return false }
        let host = Dtcl.makeHost(options, TextOutput())
        let source = SourceText(bytes: bytes, name: file == "-" ? "standard input" : file)
        let diagnostics = host.check(source)
        if isJSON {
            for entry in diagnostics { JSONOutput.show(Reporter.value(of: entry)) }
        } else {
            Reporter(isJSON: false).report(diagnostics)
        }
        return !diagnostics.contains { $0.diagnostic.severity == .error }
    }
}
