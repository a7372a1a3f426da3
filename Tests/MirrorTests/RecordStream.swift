import Glibc
import ReplicationModel
import TargetApply

/// Records by hand, straight into an applier.
final class RecordStream {
    let applier: Applier
    private var sequence: UInt64 = 0

    init(_ applier: Applier, after sequence: UInt64 = 0) {
        self.applier = applier
        self.sequence = sequence
    }

    static func file(_ number: UInt64) -> FileID {
        FileID(inode: number, generation: 1, mount: 1)
    }

    func finish() throws { _ = try applier.finishBatch(lastSequence: sequence) }

    func create(_ number: UInt64, _ type: ObjectType, _ parent: FileID, _ name: String) throws {
        try names(.create, number, parent, name, type)
    }

    func create(
        _ file: FileID, _ type: ObjectType, _ parent: FileID, _ name: String
    ) throws(ApplyError) {
        try names(.create, file, parent, name, type, flags: 0)
    }

    func data(_ file: FileID, _ content: [UInt8], at offset: Int64) throws(ApplyError) {
        try apply(.write, file, content, offset: offset)
    }

    func object(_ number: UInt64, _ type: ObjectType, _ parent: FileID, _ name: String) throws {
        try names(
            .mirrorObject, number, parent, name, type,
            flags: MirrorObjectFlags.contentFollows.rawValue)
    }

    func rename(
        _ number: UInt64, _ parent: FileID, _ name: String, _ other: FileID, _ otherName: String
    ) throws {
        var change = NameChange()
        change.parent = parent
        change.otherParent = other
        change.nameLength = UInt16(name.utf8.count)
        change.otherNameLength = UInt16(otherName.utf8.count)
        try apply(.rename, number, bytes(change) + Array(name.utf8) + Array(otherName.utf8))
    }

    func names(
        _ kind: OperationKind, _ number: UInt64, _ parent: FileID, _ name: String,
        _ type: ObjectType = .regular, flags: UInt8 = 0
    ) throws {
        try names(kind, Self.file(number), parent, name, type, flags: flags)
    }

    private func names(
        _ kind: OperationKind, _ file: FileID, _ parent: FileID, _ name: String,
        _ type: ObjectType, flags: UInt8
    ) throws(ApplyError) {
        var change = NameChange()
        change.parent = parent
        change.nameLength = UInt16(name.utf8.count)
        change.attributes.mode = type == .directory ? 0o040755 : 0o100644
        try apply(kind, file, bytes(change) + Array(name.utf8), flags: flags)
    }

    func extended(_ number: UInt64, _ name: String, _ value: [UInt8]) throws {
        var head = AttributeChange()
        head.nameLength = UInt16(name.utf8.count)
        head.valueLength = UInt32(value.count)
        try apply(.setExtended, number, bytes(head) + Array(name.utf8) + value)
    }

    func data(_ number: UInt64, _ content: [UInt8]) throws { try apply(.write, number, content) }

    func mirror(_ kind: OperationKind, flags: UInt8 = 0) throws {
        try apply(kind, 0, [], flags: flags)
    }

    private func apply(
        _ kind: OperationKind, _ number: UInt64, _ payload: [UInt8], flags: UInt8 = 0
    ) throws {
        try apply(kind, number == 0 ? .none : Self.file(number), payload, flags: flags)
    }

    private func apply(
        _ kind: OperationKind, _ file: FileID, _ payload: [UInt8], flags: UInt8 = 0,
        offset: Int64 = 0
    ) throws(ApplyError) {
        if kind.isChange { sequence += 1 }
        var record = OperationRecord(kind, file)
        record.sequence = sequence
        record.flags = flags
        record.offset = offset
        try payload.withUnsafeBytes { bytes in
            Result { () throws(ApplyError) in try applier.apply(record, bytes) }
        }.get()
    }

    private func bytes<Value: BitwiseCopyable>(_ value: Value) -> [UInt8] {
        withUnsafeBytes(of: value) { Array($0) }
    }
}
