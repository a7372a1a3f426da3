import Testing

@testable import Transport

@Suite struct BackoffTests {
    @Test func waitsDoubleFromATenthOfASecondToThirty() {
        var backoff = Backoff(seed: 1)
        var full = Duration.milliseconds(100)
        for _ in 0..<40 {
            let wait = backoff.next()
            #expect(wait <= full)
            #expect(wait >= full / 2)
            full = min(full * 2, .seconds(30))
        }
    }

    @Test func theSameSeedGivesTheSameWaits() {
        var first = Backoff(seed: 7)
        var second = Backoff(seed: 7)
        var other = Backoff(seed: 8)
        let waits = (0..<10).map { _ in first.next() }
        #expect(waits == (0..<10).map { _ in second.next() })
        #expect(waits != (0..<10).map { _ in other.next() })
    }

    @Test func afterASuccessItStartsAgain() {
        var backoff = Backoff(seed: 3)
        for _ in 0..<10 { _ = backoff.next() }
        backoff.reset()
        #expect(backoff.next() <= Backoff.first)
    }
}
