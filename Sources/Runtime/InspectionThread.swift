internal import FileSystemAccess
internal import Glibc
internal import Logging
internal import MirrorCore
internal import ReplicationModel
internal import TargetApply
internal import Transport
internal import WireProtocol

/// Answers a source's questions about the target's folders, beside the apply thread.
final class InspectionThread: Sendable {
    enum Question: Sendable {
        case inspect(Inspect, TargetLink)
        /// Of an open file; nil: the target does not have it.
        case sums(Sums, OwnedDescriptor?, TargetLink)
    }

    private let mailbox = Mailbox<Question?>()

    init(roots: [String], logger: Logger) {
        let mailbox = mailbox
        WorkerThread.start("inspect") {
            guard let inspector = try? Inspector(roots: roots.map { BytePath($0) }) else {
                return logger.error("the target folders cannot be inspected")
            }
            let reader = BlockReader()
            while true {
                let seen = mailbox.signal
                for question in mailbox.take() {
                    switch question {
                    case nil: return
                    case .inspect(let question, let link):
                        Self.answer(question, link, inspector, logger)
                    case .sums(let question, let file, let link):
                        Self.sum(question, file, link, reader, logger)
                    }
                }
                mailbox.sleep(while: seen, nanoseconds: -1)
            }
        }
    }

    func post(_ question: Question) { mailbox.post(question) }
    func stop() { mailbox.post(nil) }

    private static func sum(
        _ question: Sums, _ file: OwnedDescriptor?, _ link: TargetLink,
        _ reader: borrowing BlockReader, _ logger: Logger
    ) {
        var answer = Summed(requestID: question.requestID, status: ENOENT)
        do throws(Errno) {
            if let file {
                let found = try reader.sums(
                    of: file.descriptor, firstBlock: question.firstBlock, count: question.count)
                answer = Summed(
                    requestID: question.requestID, size: found.size, sums: found.sums)
            }
        } catch {
            answer.status = error.rawValue
        }
        do throws(WireError) { _ = try link.link.send(answer, connection: 0) } catch {
            logger.error("an answer was not sent: \(error)")
        }
    }

    private static func answer(
        _ inspect: Inspect, _ link: TargetLink, _ inspector: Inspector, _ logger: Logger
    ) {
        let path = BytePath(inspect.path)
        let mapping = Int(inspect.mapping)
        var answer = Inspected(requestID: inspect.requestID)
        var entries: [TreeEntry] = []
        do throws(Errno) {
            switch inspect.question {
            case .list: entries = try inspector.list(mapping: mapping, path: path)
            case .digest:
                let names = inspect.entries.isEmpty ? nil : inspect.entries.map(\.name)
                entries = try inspector.digest(mapping: mapping, path: path, names: names)
            }
            if path.isRoot {
                let own = try inspector.own(mapping: mapping, path: path)
                answer.attributes = own.attributes
                answer.extendedDigest = own.extendedDigest ?? 0
            }
        } catch {
            answer.status = error.rawValue
        }
        send(answer, entries.map(Entry.init), link, logger)
    }

    /// In as many parts as messages may be long.
    private static func send(
        _ answer: Inspected, _ entries: [Entry], _ link: TargetLink, _ logger: Logger
    ) {
        var answer = answer
        var rest = entries[...]
        repeat {
            var part: [Entry] = []
            var bytes = 0
            while let next = rest.first, bytes + next.byteCount < Limits.messageBytesMax / 4 {
                part.append(next)
                bytes += next.byteCount
                rest = rest.dropFirst()
            }
            answer.entries = part
            answer.hasMore = !rest.isEmpty
            do throws(WireError) {
                _ = try link.link.send(answer, connection: 0)
            } catch {
                logger.error("an answer was not sent: \(error)")
                return
            }
        } while !rest.isEmpty
    }
}

extension Entry {
    init(_ entry: TreeEntry) {
        self.init(
            name: entry.name, attributes: entry.attributes,
            digest: entry.digest ?? Digest(low: 0, high: 0),
            extendedDigest: entry.extendedDigest ?? 0, inode: entry.inode)
    }
}

extension TreeEntry {
    /// - Parameter hasDigests: whether they were asked for.
    init(_ entry: Entry, hasDigests: Bool) {
        self.init(
            name: entry.name, attributes: entry.attributes, digest: hasDigests ? entry.digest : nil,
            extendedDigest: hasDigests ? entry.extendedDigest : nil)
        inode = entry.inode
    }
}
