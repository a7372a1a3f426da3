internal import CPosix
internal import FileSystemAccess
internal import Glibc
internal import Identity
internal import Logging
internal import ReplicationModel
internal import StateStore
internal import TargetApply
internal import Transport
internal import WireProtocol

/// How a target agrees to a connection, or does not. Nothing is made before all is checked.
extension TargetPump {
    func open(_ link: TargetLink, _ hello: Hello, _ open: Open) {
        // Its source has given it up: a later link was handled first.
        guard link.number > linkNumber else { return link.link.close() }
        linkNumber = link.number
        let roots = open.mappings.map { String(decoding: $0.targetPath, as: UTF8.self) }
        if let problem = objection(link, hello, open, roots) {
            logger.error("connection refused: \(problem)")
            return answer(link, open, refusing: problem)
        }
        if let diskProblem, Clock.monotonic < diskProblem.until {
            return answer(
                link, open,
                refusing: "the target's disk did not take what was written: "
                    + "\(diskProblem.error); it is tried again")
        }
        var opened: Applier?
        do throws(ApplyError) {
            let applier: Applier
            if let known = self.applier, roots == self.roots {
                known.replayThrough = max(known.replayThrough, open.newestSequence)
                known.askAgain()
                applier = known
            } else {
                applier = try Applier.open(
                    ApplySettings(
                        stateFolder: BytePath(stateFolder),
                        roots: zip(open.mappings, roots).map { mapping, path in
                            ApplyRoot(file: mapping.root, path: BytePath(path))
                        }, isPrivileged: open.policy.contains(.privileged),
                        replayThrough: open.newestSequence, isDistrusted: diskProblem != nil))
            }
            opened = applier
            diskProblem = nil
            remember(hello, open, roots, link)
            let before = applier.journalID
            var isInconsistent = applier.isToBeCompared
            if before != open.journalID {
                // What the source counted before is unknown here: only a mirror or a resync can
                // make this copy good, and that must be on disk before the first change is taken.
                applier.requireResync()
                _ = try applier.finishBatch(lastSequence: applier.positions.applied)
                try applier.begin(journalID: open.journalID, applied: open.oldestSequence)
                isInconsistent = true
            }
            begin(link, applier, roots: roots)
            facts = Self.facts(hello, open, roots, target: owner.hello.serverName)
            send(
                Opened(
                    isAccepted: true, applied: applier.positions.applied,
                    durable: applier.positions.durable, journalID: before,
                    isInconsistent: isInconsistent, mirrorGeneration: applier.mirrorGeneration,
                    needsWholeMirror: applier.needsWholeMirror,
                    isRepeating: applier.isRepeating),
                link)
            logger.info(
                "'\(hello.serverName)' replicates '\(open.setName)' to \(roots)"
            )
        } catch {
            if opened?.syncer.mayHaveLost == true {
                diskProblem = (error.errno, Clock.monotonic + RetryTimes.most)
            }
            let text = Self.words(error, roots)
            logger.error("connection refused: \(text)")
            answer(link, open, refusing: text)
        }
    }

    private func answer(_ link: TargetLink, _ open: Open, refusing reason: String) {
        send(
            Opened(
                isAccepted: false, code: 1, reason: reason, applied: 0, durable: 0, journalID: 0,
                isInconsistent: false, mirrorGeneration: 0), link)
    }

    private func send(_ message: some WireMessage, _ link: TargetLink) {
        _ = try? link.link.send(message, connection: 0)
    }

    private static func words(_ error: ApplyError, _ roots: [String]) -> String {
        guard case .root(let mapping, let errno) = error, roots.indices.contains(mapping) else {
            return "\(error)"
        }
        return "the target folder '\(roots[mapping])' cannot be used: \(errno)"
    }

    private func remember(_ hello: Hello, _ open: Open, _ roots: [String], _ link: TargetLink) {
        do throws(StateStoreError) {
            guard let peer = try owner.store.peer(fingerprint: link.link.peerFingerprint.hex) else {
                return
            }
            _ = try owner.store.saveIncomingConnection(
                uuid: ConnectionPlan.uuid(open.connectionUUID), number: Int(open.connectionID),
                peerID: peer.serverID,
                set: open.setName,
                mappings: zip(open.mappings, roots).map { mapping, target in
                    PathMapping(
                        source: String(decoding: mapping.sourcePath, as: UTF8.self), target: target)
                }, allowances: [.deviceNodes, .setUserID, .securityAttributes])
        } catch {
            logger.error("the connection was not written down: \(error)")
        }
    }

    // MARK: What may stand against it

    private func objection(
        _ link: TargetLink, _ hello: Hello, _ open: Open, _ roots: [String]
    ) -> String? {
        guard !roots.isEmpty else { return "the connection maps nothing" }
        for (mapping, path) in zip(open.mappings, roots) {
            let components = path.split(separator: "/", omittingEmptySubsequences: true)
            guard path.hasPrefix("/"), !components.isEmpty, !components.contains("..") else {
                return "'\(path)' cannot be a target: expected an absolute path other than '/'"
            }
            guard let real = Paths.realOfDeepestExisting(path) else {
                return "'\(path)' cannot be a target"
            }
            let state = Paths.real(owner.stateDirectory) ?? owner.stateDirectory
            if Paths.overlap(real, state) {
                return "'\(path)' and the target's own folder '\(state)' lie in one another"
            }
            if hello.machineID == owner.hello.machineID, hello.bootID == owner.hello.bootID,
                let problem = Self.overlap(real, mapping)
            {
                return problem
            }
        }
        let peer = (try? owner.store.peer(fingerprint: link.link.peerFingerprint.hex)) ?? nil
        return owner.claim(open.connectionUUID, roots, from: peer?.serverID ?? "")
    }

    /// Source and target on one machine: neither may contain the other, by name or by identity (the
    /// same folder may be reached by two paths).
    private static func overlap(_ target: String, _ mapping: Open.Mapping) -> String? {
        let source = String(decoding: mapping.sourcePath, as: UTF8.self)
        let words =
            "the target path '\(target)' and the replicated path '\(source)' lie in one another "
            + "on this machine"
        if Paths.overlap(target, source) { return words }
        var place = target
        while place != "/" {
            if let identity = identity(place),
                identity.device == mapping.sourceDevice && identity.inode == mapping.sourceInode
            {
                return words
            }
            place = "/" + place.split(separator: "/").dropLast().joined(separator: "/")
        }
        guard let end = identity(target) else { return nil }
        place = source
        while place != "/" {
            if let identity = identity(place), identity == end { return words }
            place = "/" + place.split(separator: "/").dropLast().joined(separator: "/")
        }
        return nil
    }

    private struct Identity: Equatable {
        let device: UInt64
        let inode: UInt64
    }

    private static func identity(_ path: String) -> Identity? {
        var found = cposix_identity()
        guard cposix_identify(AT_FDCWD, path, CInt(AT_SYMLINK_NOFOLLOW), &found) >= 0 else {
            return nil
        }
        return Identity(device: found.device, inode: found.inode)
    }
}
