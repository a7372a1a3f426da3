import CommandModel
import DTCLSyntax
import ScriptHost
import ToolKit
import UnderstudyCommands

/// `dtcl check`: diagnostics only, nothing runs and no server is asked.
struct Check {
    let options: Options

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
        let client = Client(options)
        var host = client.host(TextOutput(), client.session())
        for event in UnderstudyEvents.all { try? host.declare(event) }
        let source = SourceText(bytes: bytes, name: file == "-" ? "standard input" : file)
        let diagnostics = host.check(source)
        if options.isJSON {
            for entry in diagnostics { JSONOutput.show(Reporter.value(of: entry)) }
        } else {
            Reporter(isJSON: false).report(diagnostics)
        }
        return !diagnostics.contains { $0.diagnostic.severity == .error }
    }
}
