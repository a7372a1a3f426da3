internal import CommandModel
internal import FileSystemAccess
internal import MirrorCore
internal import ReplicationModel
internal import TargetApply
internal import WireProtocol

/// Names that stood for one object at one side only, as far as the folders were seen one after the
/// other.
struct LinkSuspects {
    struct Suspect: Hashable {
        let place: Verification.Place
        /// Where the name is that it does not agree with.
        let other: Verification.Place
        let name: [UInt8]
    }

    private(set) var all: [Suspect] = []
    private var comparisons: [HardLinkComparison]
    private var places: [Verification.Place] = []

    init(mappingCount: Int) {
        comparisons = Array(repeating: HardLinkComparison(), count: mappingCount)
    }

    mutating func add(
        _ place: Verification.Place, _ source: [TreeEntry], _ target: [TreeEntry]
    ) {
        places.append(place)
        let found = comparisons[place.mapping].contradictions(
            folder: places.count - 1, source: source, target: target)
        for one in found {
            all.append(Suspect(place: place, other: places[one.otherFolder], name: one.name))
        }
    }
}

/// Hard links: which names stand for the same object.
extension Verification {
    /// The two folders of each suspicious name are looked at together, after a flush; what is the
    /// same then, or changed at the source meanwhile, is none.
    func confirmed(_ links: LinkSuspects) async throws(CommandError) -> [Finding] {
        var suspects = links.all
        var seen: [LinkSuspects.Suspect: UInt64] = [:]
        var findings: [Finding] = []
        for _ in 0..<2 where !suspects.isEmpty {
            try await flush()
            try await catchUp()
            var left: [LinkSuspects.Suspect] = []
            findings = []
            for (folders, group) in Dictionary(grouping: suspects, by: { [$0.other, $0.place] })
                .sorted(by: { $0.value[0].name.lexicographicallyPrecedes($1.value[0].name) })
            {
                var looks: [Look] = []
                for folder in folders { looks.append(try await look(at: folder)) }
                for suspect in group {
                    let inode = looks[1].source.first { $0.name == suspect.name }?.inode ?? 0
                    let before = seen.updateValue(inode, forKey: suspect)
                    guard before == nil || before == inode,
                        let reason = reason(suspect, looks)
                    else { continue }
                    left.append(suspect)
                    findings.append(
                        Finding(path: shownPath(suspect.place, suspect.name), reason: reason))
                }
            }
            suspects = left
        }
        return findings
    }

    /// Names and inode numbers, without contents.
    private func look(at place: Place) async throws(CommandError) -> Look {
        let roots = sourceRoots
        let source = await WorkerThread.run("verify") {
            (try? Inspector(descriptors: roots).list(mapping: place.mapping, path: place.path))
                ?? []
        }
        let answers = try await ask(
            Inspect(
                requestID: 0, question: .list, mapping: UInt16(place.mapping),
                path: place.path.bytes))
        let target = answers.flatMap(\.entries).map { TreeEntry($0, hasDigests: false) }
        return Look(
            source: source.filter { includes(place, $0) },
            target: target.filter { includes(place, $0) })
    }

    /// What is at the target and what should be; nil: nothing is wrong with the name.
    ///
    /// - Parameter looks: at the other folder, and at the one with the name.
    private func reason(_ suspect: LinkSuspects.Suspect, _ looks: [Look]) -> String? {
        let own = looks[1]
        guard let ours = own.source.first(where: { $0.name == suspect.name }),
            let theirs = own.target.first(where: { $0.name == suspect.name })
        else { return nil }
        let expected = partners(of: suspect, ours.inode, looks.map(\.source))
        let got = partners(of: suspect, theirs.inode, looks.map(\.target))
        if expected == got { return nil }
        // Of what both have, or of the first; the others are of no interest.
        let wanted = expected.subtracting(got).sorted().first
        let wrong = got.subtracting(expected).sorted().first
        guard wanted != nil || wrong != nil else { return nil }
        let words = DifferenceWords.text(.linkCount, source: nil, target: nil)
        return "\(words) (got \(Self.object(wrong)), expected \(Self.object(wanted)))"
    }

    private static func object(_ path: String?) -> String {
        path.map { "another name of \($0)" } ?? "an object of its own"
    }

    /// Other names of the same object in the two folders.
    private func partners(
        of suspect: LinkSuspects.Suspect, _ inode: UInt64, _ lists: [[TreeEntry]]
    ) -> Set<String> {
        guard inode != 0 else { return [] }
        var found: Set<String> = []
        for (place, list) in zip([suspect.other, suspect.place], lists) {
            for entry in list where entry.inode == inode && entry.attributes.type != .directory {
                if place == suspect.place, entry.name == suspect.name { continue }
                found.insert(shownPath(place, entry.name))
            }
        }
        return found
    }
}
