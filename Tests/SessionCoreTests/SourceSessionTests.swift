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

    @Test("a follower that was put out sends nothing until a mirror")
    func putOut() {
        var session = streaming(.good)
        let action = session.opened(
            Target(journalID: 7, applied: 120, isInconsistent: false),
            Own(journalID: 7, released: 100, newest: 150, canFollow: false))
        #expect(action == .stay)
        #expect(session.state == .mirrorRequired(.queueFull))
    }

    @Test("an inconsistent target is never called good")
    func inconsistent() {
        var session = streaming(.good)
        _ = session.opened(
            Target(journalID: 7, applied: 120, isInconsistent: true),
            Own(journalID: 7, released: 100, newest: 150, canFollow: true))
        #expect(session.state == .mirrorRequired(.targetInconsistent))
    }

    @Test("losing changes during a mirror outlives the mirror's end")
    func requireDuringMirror() {
        var session = streaming(.mirroring)
        session.require(.queueFull)
        session.mirrorCompleted()
        #expect(session.data == .required(.queueFull))
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
