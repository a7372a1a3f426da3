import CommandModel
import LuaKit
import Synchronization

/// A Lua hook file in force: one state on a thread of its own. Its hooks take turns whenever they
/// wait for a command or have run for a while; each hook works on one event at a time, and events
/// that somebody waits for do not stand in line.
final class LuaWorld: HookLane {
    /// Events that wait; the oldest is dropped beyond.
    static let waitingMax = 10_000

    enum Message: Sendable {
        case event(HookItem)
        case answer(LuaThread, LuaAnswer)
        case function(FunctionCall)
        /// Gives up everything; gets the commands that were under way, which are cancelled.
        case stop(@Sendable ([Task<Void, Never>]) -> Void)
    }

    /// A call by a function's name.
    struct FunctionCall: Sendable {
        var name: String
        var arguments: [CommandValue]
        var timeoutSeconds: Double?
        var answer: @Sendable (Result<[CommandValue], LuaError>) -> Void
    }

    private struct Content {
        var inbox = Fifo<Message>()
        /// No more events are meant for it; some may still be on their way.
        var isClosed = false
        /// Its thread has ended.
        var isOver = false
    }

    let path: String
    private let content = Mutex(Content())
    private let bell = Bell()
    /// Ends what runs at the moment.
    let luaInterrupt = LuaInterrupt()

    private init(path: String) {
        self.path = path
    }

    /// Loads a file and runs its top level.
    /// - Parameters:
    ///   - modules: what `require` finds, by name.
    ///   - tell: gets every outcome.
    static func load(
        _ path: String, _ bytes: [UInt8], modules: [String: String], host: ScriptHost,
        log: @escaping HookLog,
        tell: @escaping @Sendable (Hook, RuntimeEvent, HookOutcome) -> Void
    ) async throws(CommandError) -> (LuaWorld, [LuaHook]) {
        let world = LuaWorld(path: path)
        let output = LogOutput(path, log)
        let result: Result<[LuaHook], CommandError> = await withCheckedContinuation { loaded in
            let hasThread = HostThread.start("lua-hooks") {
                do throws(LuaError) {
                    let loop = try LuaLoop(world, host: host, output: output, tell: tell)
                    loaded.resume(returning: .success(try loop.load(bytes, modules: modules)))
                    loop.run()
                } catch {
                    loaded.resume(
                        returning: .failure(CommandError(.scriptNotStarted, error.reason)))
                }
            }
            if !hasThread {
                let error = CommandError(.scriptNotStarted, "there are no more threads")
                loaded.resume(returning: .failure(error))
            }
        }
        do {
            return (world, try result.get())
        } catch {
            world.close()
            throw error
        }
    }

    func post(_ item: HookItem) {
        let dropped: HookItem? = content.withLock { content in
            if content.isOver { return item }
            content.inbox.append(.event(item))
            guard content.inbox.count > LuaWorld.waitingMax else { return nil }
            return LuaWorld.dropFirst(&content.inbox)
        }
        if let dropped {
            dropped.hook.countDropped()
            dropped.answer?(HookOutcome(failure: "the file of the hook is not loaded any more"))
        }
        bell.ring()
    }

    /// The oldest event; answers and calls are kept.
    private static func dropFirst(_ inbox: inout Fifo<Message>) -> HookItem? {
        for _ in 0..<inbox.count {
            guard let message = inbox.popFirst() else { return nil }
            if case .event(let item) = message, item.answer == nil { return item }
            inbox.append(message)
        }
        return nil
    }

    func post(_ message: Message) {
        let isOver = content.withLock { content in
            if !content.isOver { content.inbox.append(message) }
            return content.isOver
        }
        switch message {
        case .function(let call) where isOver:
            let gone = LuaError(kind: .closed, message: "the file is not loaded any more")
            call.answer(.failure(gone))
        case .stop(let tell) where isOver: tell([])
        default: break
        }
        bell.ring()
    }

    func close() {
        content.withLock { $0.isClosed = true }
        bell.ring()
    }

    func interrupt() async {
        luaInterrupt.cancel()
        let commands = await withCheckedContinuation { continuation in
            post(.stop { continuation.resume(returning: $0) })
        }
        for command in commands { await command.value }
        close()
    }

    // MARK: For the thread

    /// Everything posted since the last time.
    func take() -> (messages: Fifo<Message>, isClosed: Bool) {
        content.withLock { content in
            defer { content.inbox = Fifo() }
            return (content.inbox, content.isClosed)
        }
    }

    /// Whether the thread may end: nothing came for a while after the world was closed.
    func mayEnd() -> Bool {
        bell.sleep(nanoseconds: 200_000_000) { content.withLock { !$0.inbox.isEmpty } }
        return content.withLock { content in
            if content.inbox.isEmpty { content.isOver = true }
            return content.isOver
        }
    }

    func sleep(nanoseconds: Int64) {
        bell.sleep(nanoseconds: nanoseconds) {
            content.withLock { !$0.inbox.isEmpty || $0.isClosed }
        }
    }
}
