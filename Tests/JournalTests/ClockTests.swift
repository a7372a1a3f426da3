import FileSystemAccess
import Journal
import Testing

@Suite("A clock that is set back")
struct ClockTests {
    private let folder = TemporaryFolder()
    private static let second: Int64 = 1_000_000_000
    private static let boot = BootID(high: 1, low: 2)

    private func reading(
        _ wall: Int64, _ uptime: Int64, _ boot: BootID = Self.boot
    ) -> ClockReading {
        ClockReading(boot: boot, wall: wall * Self.second, uptime: uptime * Self.second)
    }

    @Test("a clock that goes on, or is set forward, makes no time earlier")
    func forward() {
        var steps = ClockSteps()
        #expect(steps.look(at: reading(1000, 10)) == nil)
        #expect(steps.look(at: reading(1010, 20)) == nil)
        #expect(steps.look(at: reading(5000, 30)) == nil)
        #expect(steps.steps.isEmpty)
        #expect(steps.earliest(since: 7) == 7)
    }

    @Test("less than a second is slewing")
    func slewed() {
        var steps = ClockSteps()
        _ = steps.look(at: reading(1000, 10))
        var now = reading(1010, 20)
        now.wall -= Self.second
        #expect(steps.look(at: now) == nil)
    }

    @Test("whatever is written after a step back is found by its change time")
    func everyMoment() {
        // The clock is set back by an hour at any second between two looks.
        for moment in Int64(10)...20 {
            var steps = ClockSteps()
            _ = steps.look(at: reading(10_000, 10))
            #expect(steps.look(at: reading(6410, 20)) == 3600 * Self.second)
            let firstTime = (10_000 + moment - 10 - 3600) * Self.second
            for start in Int64(9_000)...(10_000 + moment - 10) {
                #expect(steps.earliest(since: start * Self.second) <= firstTime)
            }
            // Generations that began after it are not touched by it once it is an hour ago.
            #expect(steps.earliest(since: 10_011 * Self.second) == 10_011 * Self.second)
        }
    }

    @Test("two steps back count both")
    func twice() {
        var steps = ClockSteps()
        _ = steps.look(at: reading(10_000, 10))
        #expect(steps.look(at: reading(9_911, 21)) == 100 * Self.second)
        #expect(steps.look(at: reading(9_722, 32)) == 200 * Self.second)
        #expect(steps.earliest(since: 10_000 * Self.second) <= 9_711 * Self.second)
        #expect(steps.earliest(since: 9_900 * Self.second) <= 9_711 * Self.second)
    }

    @Test("more steps than are kept are put together, and still cover all")
    func many() {
        var steps = ClockSteps()
        var (wall, uptime) = (Int64(100_000), Int64(0))
        _ = steps.look(at: reading(wall, uptime))
        var lowest = wall
        for _ in 0..<40 {
            uptime += 1
            wall -= 10
            lowest = min(lowest, wall - 1)
            #expect(steps.look(at: reading(wall, uptime)) == 11 * Self.second)
        }
        #expect(steps.steps.count <= 16)
        #expect(steps.earliest(since: 100_000 * Self.second) <= lowest * Self.second)
    }

    @Test("a machine that starts with an earlier time is noticed")
    func otherBoot() {
        var steps = ClockSteps()
        _ = steps.look(at: reading(1_000_000, 500))
        let later = BootID(high: 3, low: 4)
        // The battery is empty: the machine begins in the past, and the daemon a minute later.
        #expect(steps.look(at: reading(160, 60, later)) != nil)
        #expect(steps.earliest(since: 999_000 * Self.second) <= 100 * Self.second)
        // A later start with a right clock is none.
        var right = ClockSteps()
        _ = right.look(at: reading(1_000_000, 500))
        #expect(right.look(at: reading(1_000_090, 60, later)) == nil)
    }

    @Test("notes outlive the process, and damaged ones are not believed")
    func durable() throws {
        var steps = ClockSteps()
        _ = steps.look(at: reading(10_000, 10))
        _ = steps.look(at: reading(6410, 20))
        #expect(try ClockSteps.read(folder: folder.path) == ClockSteps())
        try steps.write(folder: folder.path)
        var again = try ClockSteps.read(folder: folder.path)
        #expect(again == steps)
        // While nobody looked, the clock was set back once more.
        #expect(again.look(at: reading(5000, 40)) == 1430 * Self.second)
        for text in ["", "step 1\nend\n", "step 1 2\n", "nonsense\nend\n"] {
            folder.write(Array(text.utf8), "clock")
            #expect(throws: Errno.self) { try ClockSteps.read(folder: folder.path) }
        }
    }

    @Test("the machine's own clocks can be read")
    func real() {
        let (one, other) = (ClockReading.current, ClockReading.current)
        #expect(one.boot == other.boot && one.uptime <= other.uptime && one.uptime > 0)
    }
}
