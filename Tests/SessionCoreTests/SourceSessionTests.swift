import SessionCore
import Testing

@Suite("Source session")
struct SourceSessionTests {
    typealias Own = SourceSession.OwnPosition
    typealias Target = SourceSession.TargetPosition

    func streaming(_ data: SourceSession.Data) -> SourceSession {
        var session = SourceSession(data: data, replicates: true)
        session.linked()
        return session
    }

    @Test("a target that knows the journal goes on where it stands")
    func resumes() {
        var session = streaming(.good)
        let action = session.opened(
            Target(journalID: 7, applied: 120, isInconsistent: false),
            Own(journalID: 7, released: 100, newest: 150, canFollow: true))
        #expect(action == .resume(from: 120))
        #expect(session.state == .ok)
    }

    @Test("a target that makes again what it was killed in is not OK until that is over")
    func repeats() {
        var session = streaming(.good)
        _ = session.opened(
            Target(journalID: 7, applied: 120, isInconsistent: false, isRepeating: true),
            Own(journalID: 7, released: 100, newest: 150, canFollow: true))
        #expect(session.state == .repeating)
        session.acknowledged(retrying: false, missesObjects: false, repeating: true)
        #expect(session.state == .repeating)
        session.acknowledged(retrying: false, missesObjects: false)
        #expect(session.state == .ok)
    }

    @Test("a journal that is another one makes a mirror necessary")
    func otherJournal() {
        var session = streaming(.good)
        _ = session.opened(
            Target(journalID: 6, applied: 120, isInconsistent: false),
            Own(journalID: 7, released: 100, newest: 150, canFollow: true))
        #expect(session.state == .mirrorRequired(.targetReset))
    }

    @Test("a target behind what the journal still has makes a mirror necessary")
    func behind() {
        var session = streaming(.good)
        _ = session.opened(
            Target(journalID: 7, applied: 99, isInconsistent: false),
            Own(journalID: 7, released: 100, newest: 150, canFollow: true))
        #expect(session.state == .mirrorRequired(.targetReset))
    }

    @Test("a target that claims more than was ever made is not believed")
    func ahead() {
        var session = streaming(.good)
        _ = session.opened(
            Target(journalID: 7, applied: 151, isInconsistent: false),
            Own(journalID: 7, released: 100, newest: 150, canFollow: true))
        #expect(session.state == .mirrorRequired(.targetReset))
    }

    @Test("a mirror that was cut is started over")
    func mirrorAgain() {
        var session = streaming(.mirroring)
        let action = session.opened(
            Target(journalID: 7, applied: 120, isInconsistent: true),
            Own(journalID: 7, released: 100, newest: 150, canFollow: true))
        #expect(action == .mirrorAgain)
        session.mirrorCompleted()
        #expect(session.state == .ok)
    }

    @Test("a follower that was put out is brought up to date by itself")
    func putOut() {
        var session = streaming(.good)
        let action = session.opened(
            Target(journalID: 7, applied: 120, isInconsistent: false),
            Own(journalID: 7, released: 100, newest: 150, canFollow: false))
        #expect(action == .resync(from: 120))
        #expect(session.state == .resyncing(.queueFull))
        session.mirrorCompleted()
        #expect(session.state == .ok)
    }

    @Test("an inconsistent target is never called good, and looked at as a whole")
    func inconsistent() {
        var session = streaming(.good)
        let action = session.opened(
            Target(journalID: 7, applied: 120, isInconsistent: true),
            Own(journalID: 7, released: 100, newest: 150, canFollow: true))
        #expect(action == .resync(from: 120))
        #expect(session.state == .resyncing(.targetInconsistent))
        #expect(ResyncReason.targetInconsistent.scope == .everything)
    }

    @Test("after a power cut the target of another journal is resynced, not mirrored")
    func anotherJournal() {
        var session = streaming(.resyncing(.queueLost))
        let action = session.opened(
            Target(journalID: 6, applied: 4000, isInconsistent: true),
            Own(journalID: 7, released: 0, newest: 12, canFollow: true))
        #expect(action == .resync(from: 0))
    }

    @Test("a target that forgot everything is not overwritten unasked")
    func forgotten() {
        var session = streaming(.resyncing(.queueLost))
        let action = session.opened(
            Target(journalID: 0, applied: 0, isInconsistent: true),
            Own(journalID: 7, released: 0, newest: 12, canFollow: true))
        #expect(action == .resume(from: 0))
        #expect(session.state == .mirrorRequired(.targetReset))
    }

    @Test("a mirror whose end did not reach the target's disk was none")
    func unsettled() {
        var session = streaming(.good)
        let action = session.opened(
            Target(
                journalID: 7, applied: 120, isInconsistent: true, needsWholeMirror: true),
            Own(
                journalID: 7, released: 100, newest: 150, canFollow: true, unsettled: .mirroring))
        #expect(action == .mirrorAgain)
        session = streaming(.good)
        _ = session.opened(
            Target(journalID: 7, applied: 120, isInconsistent: true),
            Own(
                journalID: 7, released: 100, newest: 150, canFollow: true,
                unsettled: .resyncing(.queueFull)))
        #expect(session.state == .resyncing(.queueFull))
    }

    @Test("of two losses the one with the wider look stays")
    func widest() {
        var session = streaming(.good)
        session.lose(.queueLost)
        session.lose(.queueFull)
        #expect(session.data == .resyncing(.queueLost))
        session.lose(.objectsMissing)
        #expect(session.data == .resyncing(.objectsMissing))
    }

    @Test("a loss does not begin what a person has to decide")
    func requiredStays() {
        var session = streaming(.required(.neverMirrored))
        session.lose(.queueFull)
        #expect(session.data == .required(.neverMirrored))
        session.mirrorStarted()
        session.lose(.queueFull)
        #expect(session.data == .mirroring)
    }

    @Test("requiring a mirror during one outlives its end")
    func requireDuringMirror() {
        var session = streaming(.mirroring)
        session.require(.objectsMissing)
        session.mirrorCompleted()
        #expect(session.data == .required(.objectsMissing))
    }

    @Test("without a link nothing is claimed")
    func lost() {
        var session = streaming(.good)
        session.lost()
        #expect(session.state == .notReached)
    }

    @Test("the window believes no claim beyond what was sent")
    func window() {
        var window = SendWindow(bytesMax: 100)
        window.sent(80)
        #expect(window.isOpen)
        window.sent(40)
        #expect(!window.isOpen)
        window.applied(1000)
        #expect(window.flyingBytes == 0)
        window.applied(10)
        #expect(window.appliedBytes == 120)
    }
}
