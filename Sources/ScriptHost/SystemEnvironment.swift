import CPosix
public import DTCLInterpreter
import Glibc

extension ScriptEnvironment {
    /// What scripts of a program may ask about this machine: clock, variables, files, name.
    public static var system: ScriptEnvironment {
        var environment = ScriptEnvironment()
        environment.now = { Double(cposix_realtime()) / 1e9 }
        environment.utcOffsetSeconds = { seconds in
            var moment = time_t(seconds)
            var local = tm()
            return localtime_r(&moment, &local) == nil ? 0 : local.tm_gmtoff
        }
        environment.variable = { name in getenv(name).map { String(cString: $0) } }
        environment.fileExists = { path in access(path, F_OK) == 0 }
        environment.hostname = {
            var name = utsname()
            guard uname(&name) == 0 else { return "localhost" }
            return withUnsafeBytes(of: &name.nodename) {
                String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
            }
        }
        return environment
    }
}
