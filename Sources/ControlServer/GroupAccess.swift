import Glibc

/// Access by the groups that the operating system knows a user to be in.
package struct GroupAccess: Sendable {
    package var fullGroup = "dtadmin"
    package var monitorGroup = "dtmon"

    package init() {}

    /// Root and whoever runs the server have full access. Groups are looked up each time, so that
    /// they may be made, and people put into them, while the server runs.
    package func access(of caller: PeerCredentials) -> ControlAccess {
        if caller.userID == 0 || caller.userID == geteuid() { return .full }
        let groups = Self.groups(of: caller)
        if let full = Self.groupID(named: fullGroup), groups.contains(full) { return .full }
        if let monitor = Self.groupID(named: monitorGroup), groups.contains(monitor) {
            return .monitor
        }
        return .none
    }

    private static func groups(of caller: PeerCredentials) -> [gid_t] {
        guard let name = userName(caller.userID) else { return [caller.groupID] }
        var count: Int32 = 64
        while count <= 65_536 {
            var groups = [gid_t](repeating: 0, count: Int(count))
            let room = count
            if getgrouplist(name, caller.groupID, &groups, &count) >= 0 {
                return Array(groups.prefix(Int(count)))
            }
            // The answer says how many there are; a library that does not gets twice the room.
            count = max(count, room * 2)
        }
        return [caller.groupID]
    }

    private static func userName(_ id: uid_t) -> String? {
        var entry = passwd()
        var found: UnsafeMutablePointer<passwd>?
        return withBuffer { buffer, size in
            let status = getpwuid_r(id, &entry, buffer, size, &found)
            guard status == 0, let name = found.flatMap({ $0.pointee.pw_name }) else {
                return (status, nil)
            }
            return (status, String(cString: name))
        }
    }

    private static func groupID(named name: String) -> gid_t? {
        var entry = group()
        var found: UnsafeMutablePointer<group>?
        return withBuffer { buffer, size in
            let status = getgrnam_r(name, &entry, buffer, size, &found)
            return (status, status == 0 ? found?.pointee.gr_gid : nil)
        }
    }

    /// Calls with more and more room as long as the answer is that there is not enough.
    private static func withBuffer<Value>(
        _ body: (UnsafeMutablePointer<CChar>, Int) -> (status: Int32, value: Value?)
    ) -> Value? {
        var size = 4096
        while size <= 1 << 20 {
            let buffer = UnsafeMutablePointer<CChar>.allocate(capacity: size)
            defer { buffer.deallocate() }
            let (status, value) = body(buffer, size)
            if status != ERANGE { return value }
            size *= 4
        }
        return nil
    }
}
