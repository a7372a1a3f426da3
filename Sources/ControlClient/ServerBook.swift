package import CommandModel
import Glibc
import ScriptHost

/// The servers that a tool knows: those it was told, or else those of this machine.
package actor ServerBook: ServerDirectory {
    package struct Entry: Sendable {
        package var name: String
        package var client: ControlClient
    }

    private let named: [Entry]
    private let folder: String
    private let silenceSeconds: Double
    /// Whether commands may go to servers of which neither LOGIN nor LOGOUT has spoken.
    private var isOpen = true
    /// Those of which the opposite holds.
    private var exceptions: Set<ControlAddress> = []

    /// - Parameters:
    ///   - named: from the command line; when there is one, only these are known.
    ///   - silenceSeconds: how long a server may say nothing.
    ///   - folder: where servers of this machine have their sockets.
    package init(
        _ named: [(String, ControlAddress)],
        silenceSeconds: Double = ControlClient.usualSilenceSeconds,
        folder: String = "/run/understudy"
    ) {
        self.named = named.map { name, address in
            Entry(
                name: name,
                client: ControlClient(address, name: name, silenceSeconds: silenceSeconds))
        }
        self.silenceSeconds = silenceSeconds
        self.folder = folder
    }

    package func entries() -> [Entry] {
        named.isEmpty ? localEntries() : named
    }

    /// - Throws: also after LOGOUT.
    package func executor(for machine: String) async throws(CommandError) -> any CommandExecutor {
        let client = try await client(for: machine)
        guard isOpen != exceptions.contains(client.address) else {
            throw CommandError(
                .insufficientAccess,
                "the session has logged out of '\(machine)', use 'LOGIN \(machine)' first")
        }
        return client
    }

    /// LOGIN and LOGOUT: whether commands go to a server from now on; nil: to any.
    package func set(_ client: ControlClient?, isOpen: Bool) {
        guard let client else {
            (self.isOpen, exceptions) = (isOpen, [])
            return
        }
        if isOpen == self.isOpen {
            exceptions.remove(client.address)
        } else {
            exceptions.insert(client.address)
        }
    }

    package func client(for machine: String) async throws(CommandError) -> ControlClient {
        let entries = entries()
        if let entry = entries.first(where: { isSame($0.name, machine) }) { return entry.client }
        if let entry = localEntry(machine, entries) { return entry.client }
        // Perhaps an address: ask the servers for theirs.
        for entry in entries {
            guard let record = try? await record(of: entry.client) else { continue }
            for field in ["address", "name", "serverID"] {
                if let text = record[field]?.text, isSame(text, machine) { return entry.client }
            }
        }
        let known = entries.map { "'\($0.name)'" }.joined(separator: ", ")
        throw CommandError(
            .noSuchServer,
            "no server '\(machine)' is known, "
                + (known.isEmpty
                    ? "name it with --server \(machine)=unix:PATH" : "known are \(known)"))
    }

    /// Asked anew every time: access and address may have changed.
    package func record(of client: ControlClient) async throws(CommandError) -> CommandRecord {
        try await client.server()
    }

    private func isSame(_ left: String, _ right: String) -> Bool {
        left.lowercased() == right.lowercased()
    }

    /// `localhost` is the only server there is, or the one of this machine.
    private func localEntry(_ machine: String, _ entries: [Entry]) -> Entry? {
        let names = ["localhost", "127.0.0.1", "::1", HostName.current]
        guard names.contains(where: { isSame($0, machine) }) else { return nil }
        if entries.count == 1 { return entries.first }
        return entries.first { $0.client.address.socketPath == "\(folder)/control.sock" }
    }

    private func localEntries() -> [Entry] {
        var found: [Entry] = []
        for name in FolderNames.list(folder) {
            let path = "\(folder)/\(name)/control.sock"
            if access(path, F_OK) == 0 { found.append(entry(name, path)) }
        }
        if access("\(folder)/control.sock", F_OK) == 0 {
            found.append(entry(HostName.current, "\(folder)/control.sock"))
        }
        return found
    }

    private func entry(_ name: String, _ path: String) -> Entry {
        Entry(
            name: name,
            client: ControlClient(
                ControlAddress(socketPath: path), name: name, silenceSeconds: silenceSeconds))
    }
}

/// This machine's own name.
package enum HostName {
    package static var current: String {
        var name = utsname()
        guard uname(&name) == 0 else { return "localhost" }
        return withUnsafeBytes(of: &name.nodename) {
            String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
        }
    }
}

/// Names in a folder, sorted, without the hidden ones; none when it cannot be read.
enum FolderNames {
    static func list(_ path: String) -> [String] {
        guard let folder = opendir(path) else { return [] }
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
}
