import Foundation
import Testing

/// The files beside the tests.
enum Corpus {
    private static let folder = URL(filePath: #filePath).deletingLastPathComponent()
        .appending(path: "Corpus")

    static func text(_ name: String) -> String {
        let text = try? String(contentsOf: folder.appending(path: name), encoding: .utf8)
        if text == nil { Issue.record("no file \(name) in the corpus") }
        return text ?? ""
    }

    static func names(in name: String) -> [String] {
        let files = try? FileManager.default.contentsOfDirectory(
            atPath: folder.appending(path: name).path)
        return (files ?? []).filter { $0.hasSuffix(".lua") }.sorted().map { "\(name)/\($0)" }
    }
}
