internal import CommandModel
internal import StateStore

/// PLAN: what a command would do, after what it names was looked up as the command itself would.
extension Runtime {
    func plan(
        _ request: CommandRequest, _ arguments: Arguments
    ) throws(CommandError) -> CommandResult {
        switch request.command {
        case "repset.create":
            let name = try arguments.text("name")
            if (try? store.replicationSet(name)) != nil {
                throw CommandError(
                    .replicationSetExists, "there is a replication set '\(name)' already")
            }
        case "repset.delete", "repset.save", "repset.rule.add", "repset.rule.remove", "connect":
            let name = arguments.optionalText("set") ?? arguments.optionalText("name") ?? usedSet
            if let name {
                _ = try stored { () throws(StateStoreError) in try store.replicationSet(name) }
            }
        case "disconnect", "mirror.start", "mirror.stop": _ = try chosen(arguments)
        case "dtfs.mount": _ = try MountRules.resolve(try arguments.text("path"))
        default: break
        }
        let lines = links.plan(request)
        return CommandResult(value: .list(lines.map { .text($0) }), lines: lines)
    }
}
