import DTCLFormat
import DTCLSyntax
import ToolKit

/// `dtcl format`: writes scripts in the one layout.
struct Format {
    let options: Options

    private enum Outcome { case same, different, broken }

    /// 2 when a script is wrong or cannot be read or written, 1 when --check finds one that would
    /// change.
    func run(_ files: [String]) -> Int {
        let outcomes = files.map { $0 == "-" ? formatInput() : format($0) }
        if outcomes.contains(.broken) { return 2 }
        return options.formatChecks && outcomes.contains(.different) ? 1 : 0
    }

    private func formatInput() -> Outcome {
        do throws(InputFile.Failure) {
            let source = SourceText(
                bytes: try InputFile.readStandardInput(), name: "standard input")
            guard let formatted = formatted(source) else { return .broken }
            if !options.formatChecks { Terminal.write(bytes: formatted) }
            return formatted == source.bytes ? .same : .different
        } catch {
            return broken(error.message)
        }
    }

    private func format(_ file: String) -> Outcome {
        let source: SourceText
        do throws(InputFile.Failure) {
            source = SourceText(bytes: try InputFile.read(file), name: file)
        } catch {
            return broken(error.message)
        }
        guard let formatted = formatted(source) else { return .broken }
        let outcome: Outcome = formatted == source.bytes ? .same : .different
        if options.formatChecks {
            if outcome == .different { Terminal.write("\(file)\n") }
        } else if options.formatsToOutput {
            Terminal.write(bytes: formatted)
        } else if outcome == .different {
            do throws(ReplacedFile.Failure) {
                try ReplacedFile.write(formatted, to: file)
            } catch {
                return broken(error.message)
            }
        }
        return outcome
    }

    /// nil for a script with mistakes, which are shown.
    private func formatted(_ source: SourceText) -> [UInt8]? {
        let script = Script.parse(source)
        if let bytes = ScriptFormatter.format(script) { return bytes }
        let renderer = DiagnosticRenderer(source, Palette(.error))
        for diagnostic in script.diagnostics where diagnostic.severity == .error {
            Terminal.write(renderer.render(diagnostic).map { $0 + "\n" }.joined(), to: .error)
        }
        return nil
    }

    private func broken(_ message: String) -> Outcome {
        Terminal.write("dtcl: \(message)\n", to: .error)
        return .broken
    }
}
