import CaptureControl
import CaptureFS
import Journal
import ReplicationModel

/// A record as a test sees it: copied out of the journal.
struct SeenRecord {
    let record: OperationRecord
    let payload: [UInt8]

    /// Of a record about names.
    var change: NameChange? { view { $0.change } }

    var extended: [UInt8] { view { Array($0.extended) } ?? [] }

    /// Kind and what matters of it.
    var text: String {
        let kind = record.kind.map { "\($0)" } ?? "unknown"
        switch record.kind {
        case .write: return "\(kind) \(record.offset) " + Self.text(payload)
        case .truncate: return "\(kind) \(record.length)"
        case .allocate: return "\(kind) \(record.flags) \(record.offset) \(record.length)"
        case .attributes: return kind + attributes
        case .setExtended, .removeExtended: return kind + attribute
        default: return kind + names
        }
    }

    private var names: String {
        view { view in
            var text = ""
            for part in [view.name, view.otherName] where !part.isEmpty {
                text += " " + Self.text(Array(part))
            }
            if record.kind == .create {
                text += " " + String(view.change.attributes.mode, radix: 8)
            }
            if record.kind == .link { text += " links \(view.change.attributes.linkCount)" }
            if !view.linkText.isEmpty { text += " " + Self.text(Array(view.linkText)) }
            return text
        } ?? " broken"
    }

    private var attributes: String {
        let set = AttributeSet(rawValue: record.flags)
        var text = ""
        if set.contains(.mode) { text += " mode" }
        if set.contains(.owner) { text += " owner" }
        if set.contains(.group) { text += " group" }
        if set.contains(.accessed) { text += " accessed" }
        if set.contains(.modified) { text += " modified" }
        return payload.withUnsafeBytes { bytes in
            text + " " + String(bytes.loadUnaligned(as: ObjectAttributes.self).mode, radix: 8)
        }
    }

    private var attribute: String {
        payload.withUnsafeBytes { bytes in
            AttributeChangeIterator(bytes).reduce(into: "") { text, attribute in
                text += " " + Self.text(Array(attribute.name))
                if record.kind == .setExtended { text += "=" + Self.text(Array(attribute.value)) }
            }
        }
    }

    private func view<Result>(_ body: (NameChangeView) -> Result) -> Result? {
        payload.withUnsafeBytes { bytes in NameChangeView(bytes).map(body) }
    }

    private static func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }
}

extension CaptureRig {
    /// What was recorded since the last time.
    func records() -> [SeenRecord] {
        var result: [SeenRecord] = []
        _ = follower.read(limit: .max) { record, payload in
            result.append(SeenRecord(record: record, payload: Array(payload)))
            return true
        }
        follower.release(through: follower.position)
        return result
    }

    /// Set 0 holds what is below `path` of the protected folder, and nothing else is in any set.
    func select(_ path: String) {
        let rule = SelectionRule(
            bit: 0, includes: true, isRecursive: true, path: Array((root + path).utf8))
        _ = ask(.rules(generation: 2, [rule]))
    }
}
