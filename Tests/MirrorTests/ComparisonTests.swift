import MirrorCore
import ReplicationModel
import Testing

struct ComparisonTests {
    private func file(size: Int64 = 10, modified: Int64 = 5, mode: UInt32 = 0o100644)
        -> ObjectAttributes
    {
        var attributes = ObjectAttributes()
        attributes.mode = mode
        attributes.size = size
        attributes.modified = modified
        return attributes
    }

    @Test func `Equal size and time need no content`() {
        #expect(Comparison.decide(source: file(), target: file()) == .bind)
        #expect(Comparison.decide(source: file(), target: file(size: 11)) == .content)
        #expect(Comparison.decide(source: file(), target: file(modified: 6)) == .content)
        #expect(Comparison.decide(source: file(), target: nil) == .content)
        #expect(Comparison.decide(source: file(), target: file(mode: 0o040755)) == .content)
        #expect(Comparison.decide(source: file(), target: file(mode: 0o100600)) == .bind)
        #expect(Comparison.decide(source: file(mode: 0o040755), target: nil) == .bind)
        #expect(Comparison.decide(source: file(mode: 0o120777), target: nil) == .bind)
    }

    @Test func `The first reason that applies is told`() {
        func reason(_ change: (inout TreeEntry) -> Void) -> EntryDifference.Reason? {
            var source = TreeEntry(name: [1], attributes: file())
            source.digest = Digest(low: 1, high: 2)
            source.extendedDigest = 7
            var target = source
            change(&target)
            return Comparison.differences(
                source: [source], target: [target], comparesLinkCounts: true
            ).first?.reason
        }
        #expect(reason { _ in } == nil)
        #expect(reason { $0.attributes.mode = 0o040644 } == .type)
        #expect(reason { $0.attributes.size = 11 } == .size)
        #expect(reason { $0.digest = Digest(low: 1, high: 3) } == .content)
        #expect(reason { $0.digest = nil } == nil)
        #expect(reason { $0.attributes.user = 3 } == .owner)
        #expect(reason { $0.attributes.mode = 0o100600 } == .mode)
        #expect(reason { $0.extendedDigest = 8 } == .extended)
        #expect(reason { $0.attributes.modified = 6 } == .modified)
        #expect(reason { $0.attributes.linkCount = 2 } == .linkCount)
        #expect(reason { $0.isUnreadable = true } == .unreadable)
        #expect(reason { $0.name = [2] } == .missing)
    }

    @Test func `Orphans come last and only when asked for`() {
        let one = TreeEntry(name: [1], attributes: file())
        let two = TreeEntry(name: [2], attributes: file())
        #expect(
            Comparison.differences(source: [one], target: [two])
                == [
                    EntryDifference(name: [1], reason: .missing),
                    EntryDifference(name: [2], reason: .orphan),
                ])
        #expect(
            Comparison.differences(source: [one], target: [one, two], findsOrphans: false) == [])
    }

    @Test func `Progress counts small files for more than their bytes`() {
        var progress = MirrorProgress()
        #expect(progress.percent == nil)
        progress.isCounted = true
        #expect(progress.percent == 100)
        progress.objectsTotal = 10
        progress.bytesTotal = 10 * (16 << 10)
        progress.objectsDone = 5
        #expect(progress.percent == 25)
        #expect(progress.secondsLeft(now: 2_000_000_000) == 6)
    }

    @Test func `A list of names reads back and rejects what is none`() {
        var list = NameList()
        let names: [[UInt8]] = [[0x61], [0xFF, 0x0A], Array(repeating: 0x62, count: 255)]
        for name in names { name.withUnsafeBytes { list.append($0) } }
        list.bytes.withUnsafeBytes { bytes in
            let view = NameListView(bytes)
            #expect(view.map { $0.map(Array.init) } == names)
        }
        let bad: [[UInt8]] = [[0], [2, 0x61], [1, 0x2F], [2, 0x2E, 0x2E], [1, 0x2E], [1, 0]]
        for bytes in bad { bytes.withUnsafeBytes { #expect(NameListView($0) == nil, "\(bytes)") } }
    }

    @Test func `Attributes are summed up in the order of their names`() {
        func sum(_ pairs: [(String, String)]) -> UInt64 {
            var digest = ObjectDigest()
            for (name, value) in pairs {
                Array(name.utf8).withUnsafeBytes { name in
                    Array(value.utf8).withUnsafeBytes { digest.addAttribute(name: name, value: $0) }
                }
            }
            return digest.finish().extended
        }
        #expect(
            sum([("user.a", "1"), ("user.b", "2")]) == sum([("user.b", "2"), ("user.a", "1")]))
        #expect(sum([("user.a", "1")]) != sum([("user.a", "2")]))
        #expect(sum([("user.a", "")]) != sum([]))
        #expect(sum([("security.selinux", "x")]) == 0)
        #expect(sum([("security.capability", "x")]) != 0)
    }
}
