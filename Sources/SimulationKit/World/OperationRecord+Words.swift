internal import ReplicationModel

extension OperationRecord {
    /// What it says, for people.
    func words(_ payload: UnsafeRawBufferPointer) -> String {
        var text = "\(kind.map { "\($0)" } ?? "?") of \(inode)/\(generation)"
        switch kind {
        case .write, .allocate, .truncate:
            text += " at \(offset), \(length) bytes"
        case .mirrorData:
            text += " at \(offset), \(length) bytes"
            let flags = MirrorDataFlags(rawValue: flags)
            if flags.contains(.hole) { text += ", hole" }
            if flags.contains(.size) { text += ", size" }
            if flags.contains(.last) { text += ", last" }
        case .create, .link, .unlink, .removeDirectory, .rename, .mirrorObject:
            guard let view = NameChangeView(payload) else { break }
            text += " '\(Self.name(view.name))' in \(view.change.parent.inode)"
            guard kind == .rename else { break }
            text += " to '\(Self.name(view.otherName))' in \(view.change.otherParent.inode)"
            if flags & 2 != 0 { text += ", exchange" }
            if view.change.replaced != .none { text += ", replaces \(view.change.replaced.inode)" }
        default: break
        }
        return text
    }

    private static func name(_ bytes: UnsafeRawBufferPointer) -> String {
        String(decoding: bytes, as: UTF8.self)
    }
}
