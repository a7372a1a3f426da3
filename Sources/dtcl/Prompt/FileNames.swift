import Glibc

/// Files and folders that a path could go on with.
struct FileNames {
    let words: [WordChoice.Word]

    init(_ path: String) {
        let name = path.split(separator: "/", omittingEmptySubsequences: false).last ?? ""
        let folder = path.dropLast(name.count)
        guard let entries = opendir(folder.isEmpty ? "." : String(folder)) else {
            words = []
            return
        }
        defer { closedir(entries) }
        var found: [WordChoice.Word] = []
        while let entry = readdir(entries) {
            let bytes = withUnsafeBytes(of: &entry.pointee.d_name) { Array($0.prefix { $0 != 0 }) }
            let text = String(decoding: bytes, as: UTF8.self)
            // A name that is no text cannot be typed either.
            guard Array(text.utf8) == bytes, text != ".", text != "..", text.hasPrefix(name),
                !text.hasPrefix(".") || name.hasPrefix("."),
                !text.unicodeScalars.contains(where: { $0.value < 0x20 })
            else { continue }
            let isFolder = FileNames.isFolder(folder + text)
            found.append(
                isFolder
                    ? WordChoice.Word(folder + text + "/", .folder)
                    : WordChoice.Word(folder + text, .data))
        }
        words = found.sorted { $0.text < $1.text }
    }

    private static func isFolder(_ path: Substring) -> Bool {
        var status = stat()
        return stat(String(path), &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    }
}
