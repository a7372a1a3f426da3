package import CommandModel
internal import Glibc
internal import Identity
internal import Logging
internal import SessionCore
internal import StateStore

/// From a request to what carries it out.
extension Runtime: CommandExecutor {
    package func execute(
        _ request: CommandRequest, progress: @escaping @Sendable (CommandProgress) -> Void
    ) async throws(CommandError) -> CommandResult {
        let arguments = Arguments(request)
        if arguments.boolean("plan") == true { return try plan(request, arguments) }
        switch request.command {
        case "repset.create", "repset.delete", "repset.list", "repset.display", "repset.use",
            "repset.save", "repset.rule.add", "repset.rule.remove":
            return try replicationSetCommand(request.command, arguments)
        case "dtfs.mount": return try await mount(arguments)
        case "dtfs.unmount": return try await unmount(arguments)
        case "dtfs.list": return try await listMounts()
        case "pair": return try pair(arguments)
        case "connect": return try await connect(arguments)
        case "disconnect": return try await disconnect(arguments)
        case "connections": return listConnections()
        case "status": return try await status(arguments)
        case "status.target": return try await targetStatus()
        case "mirror.start": return try await startMirror(arguments)
        case "mirror.stop": return try await stopMirror(arguments)
        case "waitonmirror": return try await waitOnMirror(arguments, progress)
        case "sync": return try await sync(arguments, progress)
        case "verify": return try await verify(arguments, progress)
        default:
            throw CommandError(
                .invalidCommand, "'\(request.command)' is no command of this server")
        }
    }

    // MARK: Replication sets

    private func replicationSetCommand(
        _ command: String, _ arguments: Arguments
    ) throws(CommandError) -> CommandResult {
        switch command {
        case "repset.list": return try listSets()
        case "repset.create":
            let name = try arguments.text("name")
            try stored { () throws(StateStoreError) in _ = try store.createReplicationSet(name) }
            usedSet = name
            return CommandResult()
        case "repset.delete":
            let name = try arguments.text("name")
            try stored { () throws(StateStoreError) in try store.deleteReplicationSet(name) }
            if usedSet?.lowercased() == name.lowercased() { usedSet = nil }
            return CommandResult()
        case "repset.use":
            let name = try arguments.text("name")
            usedSet = try stored { () throws(StateStoreError) in try store.replicationSet(name).name
            }
            return CommandResult()
        case "repset.display": return try displaySet(try setName(arguments))
        case "repset.save": return try saveSet(try setName(arguments))
        case "repset.rule.add":
            let rule = ReplicationRule(
                path: try rulePath(arguments), included: arguments.boolean("include") ?? true,
                recursive: arguments.boolean("recursive") ?? true)
            let name = try setName(arguments)
            try stored { () throws(StateStoreError) in _ = try store.addRule(rule, to: name) }
            usedSet = name
            return CommandResult()
        default:
            let name = try setName(arguments)
            let path = try rulePath(arguments)
            try stored { () throws(StateStoreError) in
                _ = try store.removeRule(path: path, from: name)
            }
            usedSet = name
            return CommandResult()
        }
    }

    /// The set that a command names, or the one used last.
    private func setName(_ arguments: Arguments) throws(CommandError) -> String {
        if let name = arguments.optionalText("name") { return name }
        guard let usedSet else {
            throw CommandError(
                .noReplicationSetSelected, "no replication set was named; use REPSET USE name first"
            )
        }
        return usedSet
    }

    private func rulePath(_ arguments: Arguments) throws(CommandError) -> String {
        let path = try arguments.text("path")
        guard path.hasPrefix("/") else {
            throw CommandError(
                .invalidParameter, "got the path '\(path)', expected one that begins with '/'")
        }
        guard !path.split(separator: "/").contains("..") else {
            throw CommandError(.invalidParameter, "'\(path)' has '..' in it")
        }
        return Paths.tidy(path)
    }

    private func listSets() throws(CommandError) -> CommandResult {
        let connected = Set(connections.values.map(\.plan.setName))
        let sets = try stored(store.replicationSets)
        let lines =
            ["- List of rep sets -"]
            + sets.map { set in
                set.name.padded(to: 52) + (connected.contains(set.name) ? "enabled" : "disabled")
            }
        let value = sets.map { set in
            CommandValue.record([
                "name": .text(set.name), "enabled": .boolean(connected.contains(set.name)),
                "saved": .boolean(set.isSaved), "rules": .integer(Int64(set.rules.count)),
            ])
        }
        return CommandResult(value: .list(value), lines: lines)
    }

    private func displaySet(_ name: String) throws(CommandError) -> CommandResult {
        let set = try stored { () throws(StateStoreError) in try store.replicationSet(name) }
        var lines = ["- Rep set \(set.name) -"]
        for rule in set.rules {
            lines.append(
                "\(rule.path) \(rule.included ? "inc" : "exc"), "
                    + (rule.recursive ? "rec" : "non-rec")
            )
        }
        if set.rules.isEmpty { lines.append("(no rules)") }
        if !set.isSaved { lines.append("changes are not saved yet, see REPSET SAVE") }
        let rules = set.rules.map { rule in
            CommandValue.record([
                "path": .text(rule.path), "include": .boolean(rule.included),
                "recursive": .boolean(rule.recursive),
            ])
        }
        return CommandResult(
            value: .record([
                "name": .text(set.name), "saved": .boolean(set.isSaved),
                "generation": .integer(Int64(set.generation)), "rules": .list(rules),
            ]), lines: lines)
    }

    private func saveSet(_ name: String) throws(CommandError) -> CommandResult {
        let saved = try stored { () throws(StateStoreError) in try store.saveReplicationSet(name) }
        guard saved.changed, !saved.connections.isEmpty else { return CommandResult() }
        let numbers = saved.connections.map(String.init).joined(separator: ", ")
        return CommandResult(lines: [
            "the set is connected (\(numbers)): disconnect and connect it again for its new rules"
        ])
    }

    // MARK: Servers

    /// Believes another server from now on.
    private func pair(_ arguments: Arguments) throws(CommandError) -> CommandResult {
        let parts = try running()
        let server = arguments.all
        guard let serverID = server["serverID"]?.text, let name = server["name"]?.text,
            let address = server["address"]?.text, let port = server["port"]?.integer,
            let text = server["fingerprint"]?.text
        else {
            throw CommandError(
                .invalidParameter,
                "pair: expected a server with serverID, name, address, port and fingerprint")
        }
        guard let fingerprint = Fingerprint(text) else {
            throw CommandError(.invalidParameter, "'\(text)' is no fingerprint of a certificate")
        }
        guard serverID != parts.serverID else { return CommandResult() }
        let peer = Peer(
            serverID: serverID, name: name, address: address, port: Int(port),
            fingerprint: fingerprint.hex)
        if let known = try? store.peer(serverID: serverID), known == peer { return CommandResult() }
        try stored { () throws(StateStoreError) in try store.savePeer(peer) }
        let all = try stored(store.peers)
        parts.pins.replace(with: all.compactMap { Fingerprint($0.fingerprint) })
        logger.info("knows server '\(name)' at \(address):\(port), certificate \(fingerprint)")
        return CommandResult()
    }
}

extension String {
    /// With blanks at the end; one at least.
    func padded(to columns: Int) -> String {
        self + String(repeating: " ", count: max(1, columns - count))
    }
}
