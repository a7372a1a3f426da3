import CPosix
import Glibc
import MirrorCore
import ReplicationModel

/// Prints a stream, to find out what a seed does: with UNDERSTUDY_TRACE set.
enum Trace {
    static let isOn = getenv("UNDERSTUDY_TRACE") != nil

    static func show(_ record: OperationRecord, _ payload: UnsafeRawBufferPointer) {
        guard isOn, let kind = record.kind else { return }
        var line =
            "TRACE \(record.sequence) \(kind) \(record.inode).\(record.generation)"
            + " flags \(record.flags) \(record.offset)+\(record.length)"
        if let view = NameChangeView(payload) {
            line += " \(view.change.parent.inode)/\(text(view.name))"
            if !view.otherName.isEmpty {
                line += " to \(view.change.otherParent.inode)/\(text(view.otherName))"
                line += " replacing \(view.change.replaced.inode)"
            }
        }
        print(line)
        guard kind == .mirrorDirectory,
            NameListFlags(rawValue: record.flags).contains(.identities),
            let list = IdentityListView(payload, mount: 1)
        else { return }
        for element in list {
            print("TRACE   \(text(element.name)) \(element.file.inode) \(element.flags.rawValue)")
        }
    }

    /// Both trees, with inode numbers.
    static func show(_ run: MirrorRun) {
        guard isOn else { return }
        for (name, path) in [("source", run.sourcePath), ("target", run.targetPath)] {
            for path in TreePicture(path, root: false).objects.keys.sorted(by: {
                $0.lexicographicallyPrecedes($1)
            }) {
                let relative = String(decoding: path, as: UTF8.self)
                var status = stat()
                let top = name == "source" ? run.sourcePath : run.targetPath
                lstat(top + "/" + relative, &status)
                print("TRACE \(name) \(relative) \(status.st_ino) names \(status.st_nlink)")
            }
        }
    }

    private static func text(_ name: UnsafeRawBufferPointer) -> String {
        String(decoding: name, as: UTF8.self)
    }
}
