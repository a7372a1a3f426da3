/// What this server lets a source's records do beyond ordinary files.
package struct Allowances: OptionSet, Sendable, Hashable {
    package let rawValue: Int
    package init(rawValue: Int) { self.rawValue = rawValue }

    package static let deviceNodes = Allowances(rawValue: 1)
    package static let setUserID = Allowances(rawValue: 2)
    /// Extended attributes whose names begin with `security.` or `trusted.`.
    package static let securityAttributes = Allowances(rawValue: 4)
}

/// A connection that ends here, on the target.
package struct IncomingConnection: Sendable, Hashable {
    package var uuid: String
    /// Its id at the source; 0 where an older version wrote it down without one.
    package var number: Int
    package var source: Peer
    /// The name of the set on the source.
    package var set: String
    package var mappings: [PathMapping]
    /// The name of its folder below the state folder (node map, checkpoint).
    package var stateFolder: String
    package var allowances: Allowances
}
