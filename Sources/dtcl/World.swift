import ControlClient
import DTCLInterpreter
import DTCLSyntax
import Glibc
import ToolKit

/// What a script may ask about this machine.
enum World {
    static func environment(arguments: [String]) -> ScriptEnvironment {
        var environment = ScriptEnvironment()
        environment.arguments = arguments
        environment.now = {
            var now = timespec()
            clock_gettime(CLOCK_REALTIME, &now)
            return Double(now.tv_sec) + Double(now.tv_nsec) / 1e9
        }
        environment.utcOffsetSeconds = { seconds in
            var moment = time_t(seconds)
            var local = tm()
            return localtime_r(&moment, &local) == nil ? 0 : local.tm_gmtoff
        }
        environment.variable = { name in getenv(name).map { String(cString: $0) } }
        environment.fileExists = { path in access(path, F_OK) == 0 }
        environment.hostname = { HostName.current }
        return environment
    }

    /// For INCLUDE.
    static func readScript(_ path: String) -> Result<SourceText, IncludeError> {
        do throws(InputFile.Failure) {
            return .success(SourceText(bytes: try InputFile.read(path), name: path))
        } catch {
            return .failure(IncludeError(error.message))
        }
    }
}
