public import CommandModel
import CPosix
import Glibc

/// A script with everything that says how it is to be run: what an event, a schedule or RUN names.
public struct ScriptObject: Sendable, Hashable {
    public enum Language: String, Sendable, Hashable {
        case dtcl
        case lua
        case executable
    }

    public enum Source: Sendable, Hashable {
        /// A path from the root.
        case file(String)
        /// The script itself; not for executables.
        case text(String)
        /// A function of a loaded hook file.
        case function(String)
    }

    /// What the end of a script means for whoever waits for it, when it was no good one.
    public enum FailureEffect: String, Sendable, Hashable, CaseIterable {
        /// Only its history knows.
        case ignore
        /// The log says so, and the event `hook.failed`.
        case report
        /// The same, and the operation that waits for the script stops.
        case stop
    }

    /// For people and histories; the path or what stands for it.
    public var name: String
    public var language: Language
    public var source: Source
    public var arguments: [String] = []
    /// Variables for an executable, and for `env` of the others.
    public var environment: [String: String] = [:]
    /// Where an executable starts; nil: where the host is.
    public var workingFolder: String?
    /// Longest time on the clock; nil for no limit.
    public var timeoutSeconds: Double? = ScriptObject.timeoutSecondsUsual
    /// Whether an operation that tells of the event waits for the script's end.
    public var delays = false
    public var failure = FailureEffect.report
    /// Whether processes that an executable leaves behind are ended with it.
    public var endsLeftProcesses = true
    /// Whether its run depends on what `ScriptHost.taskObjection` says at that moment.
    public var isTask = false

    /// Ten minutes.
    public static let timeoutSecondsUsual = 600.0

    /// A script in memory; what `name` calls it stands in its messages.
    public init(_ language: Language, text: String, name: String) {
        self.name = name
        self.language = language
        source = .text(text)
    }

    private init(name: String, _ language: Language, _ source: Source) {
        self.name = name
        self.language = language
        self.source = source
    }

    /// What a command or a person calls a script: a path to a `.dtcl` or `.lua` file or to
    /// anything executable, or `LUA:function`.
    /// - Parameter folder: where a relative path counts from.
    /// - Throws: `scriptNotStarted` where there is no such script.
    public static func named(
        _ name: String, in folder: String? = nil
    ) throws(CommandError) -> ScriptObject {
        if name.uppercased().hasPrefix("LUA:") {
            let function = String(name.dropFirst(4))
            guard !function.isEmpty else {
                throw CommandError(.scriptNotStarted, "got 'LUA:', expected the function's name")
            }
            return ScriptObject(name: name, .lua, .function(function))
        }
        let path = ScriptFiles.absolute(name, in: folder)
        guard access(path, F_OK) == 0 else {
            throw CommandError(.scriptNotStarted, "there is no script '\(path)'")
        }
        guard !ScriptFiles.isFolder(path) else {
            throw CommandError(.scriptNotStarted, "'\(path)' is a folder, expected a script")
        }
        let language = try language(of: path)
        return ScriptObject(name: path, language, .file(path))
    }

    /// As `named`, for a script that was there once and may come again.
    static func remembered(_ name: String) -> ScriptObject {
        if let object = try? named(name) { return object }
        let lowered = name.lowercased()
        let language: Language =
            lowered.hasSuffix(".dtcl") ? .dtcl : lowered.hasSuffix(".lua") ? .lua : .executable
        return ScriptObject(name: name, language, .file(name))
    }

    /// By the ending, else by the permission to execute.
    private static func language(of path: String) throws(CommandError) -> Language {
        let lowered = path.lowercased()
        if lowered.hasSuffix(".dtcl") { return .dtcl }
        if lowered.hasSuffix(".lua") { return .lua }
        guard access(path, X_OK) == 0 else {
            throw CommandError(
                .scriptNotStarted,
                "'\(path)' is no script: got neither .dtcl nor .lua nor something executable"
            )
        }
        return .executable
    }
}

/// Scripts on disk.
enum ScriptFiles {
    /// The longest script that is read.
    static let bytesMax = 16 << 20

    static func absolute(_ path: String, in folder: String?) -> String {
        if path.hasPrefix("/") { return path }
        if let folder { return absolute("\(folder)/\(path)", in: nil) }
        guard let current = getcwd(nil, 0) else { return path }
        defer { free(current) }
        return "\(String(cString: current))/\(path)"
    }

    static func isFolder(_ path: String) -> Bool {
        guard let folder = opendir(path) else { return false }
        closedir(folder)
        return true
    }

    /// Sorted names without the hidden ones, nil when the folder cannot be read.
    static func names(in path: String) -> [String]? {
        guard let folder = opendir(path) else { return nil }
        defer { closedir(folder) }
        var names: [String] = []
        while let entry = readdir(folder) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) {
                String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
            }
            if !name.hasPrefix(".") { names.append(name) }
        }
        return names.sorted()
    }

    /// Whether nobody but the administrator and who runs this can change what is there.
    static func isTrusted(_ path: String) -> Bool {
        var status = stat()
        guard stat(path, &status) == 0 else { return false }
        return (status.st_uid == 0 || status.st_uid == geteuid()) && status.st_mode & 0o022 == 0
    }

    /// - Throws: `scriptNotStarted` with the reason.
    static func read(_ path: String) throws(CommandError) -> [UInt8] {
        let descriptor = cposix_open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK, 0)
        guard descriptor >= 0 else {
            throw CommandError(
                .scriptNotStarted,
                "'\(path)' cannot be read: \(String(cString: strerror(-descriptor)))")
        }
        defer { _ = cposix_close(descriptor) }
        var content: [UInt8] = []
        var part = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            let count = cposix_read(descriptor, &part, part.count)
            if count == 0 { return content }
            guard count > 0 else {
                throw CommandError(
                    .scriptNotStarted,
                    "'\(path)' cannot be read: \(String(cString: strerror(CInt(-count))))")
            }
            content += part[..<count]
            guard content.count <= bytesMax else {
                throw CommandError(.scriptNotStarted, "'\(path)' is longer than 16 MB")
            }
        }
    }
}
