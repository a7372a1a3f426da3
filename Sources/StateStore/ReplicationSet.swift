/// A named choice of files on this server.
package struct ReplicationSet: Sendable, Hashable {
    /// As it was typed at creation; other spellings of case mean the same set.
    package let name: String
    /// Grows by one with every change; guards edits that were thought out on an older state.
    package let generation: Int
    /// Whether `rules` equal `savedRules` because somebody has saved them.
    package let isSaved: Bool
    /// The rules as edited.
    package let rules: [ReplicationRule]
    /// The rules as last saved: what connections go by.
    package let savedRules: [ReplicationRule]
    /// The set's bit (0...15) in `OperationRecord.membership` while it is connected.
    package let membershipBit: Int?
}
