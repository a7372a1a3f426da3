internal import CPosix
internal import Synchronization

/// News for a thread that owns its state alone: any thread posts, one takes.
final class Mailbox<News: Sendable>: Sendable {
    private struct Content {
        var news: [News] = []
    }

    private let content = Mutex(Content())
    /// Bumped with every post; the owner sleeps on it.
    private nonisolated(unsafe) let word: UnsafeMutablePointer<UInt32>

    init() {
        word = .allocate(capacity: 1)
        word.initialize(to: 0)
    }

    deinit { word.deallocate() }

    func post(_ one: News) {
        content.withLock { $0.news.append(one) }
        _ = cposix_add32(word, 1)
        _ = cposix_futexWake(word, 1)
    }

    /// Everything posted since the last call, in order.
    func take() -> [News] {
        content.withLock { content in
            defer { content.news.removeAll(keepingCapacity: true) }
            return content.news
        }
    }

    /// Take it before `take`, sleep on it afterwards.
    var signal: UInt32 { cposix_load32(word) }

    func sleep(while seen: UInt32, nanoseconds: Int64) {
        _ = cposix_futexWait(word, seen, nanoseconds)
    }
}
