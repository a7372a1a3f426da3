public import CommandModel
import Synchronization

/// The last events of a host, and who follows them. Bounded.
public final class EventLog: Sendable {
    private struct Content {
        var events: [RuntimeEvent] = []
        /// Where the oldest stands once the room is full.
        var first = 0
        var followers: [Int: AsyncStream<RuntimeEvent>.Continuation] = [:]
        var lastFollower = 0
    }

    private let countMax: Int
    private let content = Mutex(Content())

    init(countMax: Int = 1000) {
        self.countMax = max(1, countMax)
    }

    func add(_ event: RuntimeEvent) {
        let followers = content.withLock { content in
            if content.events.count < countMax {
                content.events.append(event)
            } else {
                content.events[content.first] = event
                content.first = (content.first + 1) % countMax
            }
            return content.followers.isEmpty ? [] : Array(content.followers.values)
        }
        for follower in followers { follower.yield(event) }
    }

    /// Those that happened at this time or later, oldest first.
    public func events(since seconds: Double = 0) -> [RuntimeEvent] {
        let all = content.withLock { content in
            content.events[content.first...] + content.events[..<content.first]
        }
        return all.filter { $0.seconds >= seconds }
    }

    /// Events from now on; a reader that is slow loses the oldest.
    public func follow() -> AsyncStream<RuntimeEvent> {
        let (stream, continuation) = AsyncStream<RuntimeEvent>.makeStream(
            bufferingPolicy: .bufferingNewest(1000))
        let number = content.withLock { content in
            content.lastFollower += 1
            content.followers[content.lastFollower] = continuation
            return content.lastFollower
        }
        continuation.onTermination = { [weak self] _ in
            self?.content.withLock { $0.followers[number] = nil }
        }
        return stream
    }
}
