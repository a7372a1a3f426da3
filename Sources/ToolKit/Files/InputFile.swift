import Glibc

/// Files and standard input, read whole.
package enum InputFile {
    package struct Failure: Error, Sendable {
        /// Lower case, with the path.
        package var message: String
    }

    /// Larger files are no scripts.
    package static let bytesMax = 64 << 20

    package static func read(_ path: String) throws(Failure) -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw failure(path) }
        defer { close(descriptor) }
        return try read(descriptor, name: path)
    }

    package static func readStandardInput() throws(Failure) -> [UInt8] {
        try read(0, name: "standard input")
    }

    /// What has come at standard input; empty at its end.
    package static func readPiece() -> [UInt8] {
        var chunk = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = Glibc.read(0, &chunk, chunk.count)
            if count < 0, errno == EINTR { continue }
            return Array(chunk[..<max(0, count)])
        }
    }

    private static func read(_ descriptor: Int32, name: String) throws(Failure) -> [UInt8] {
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = Glibc.read(descriptor, &chunk, chunk.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw failure(name) }
            if count == 0 { return bytes }
            bytes += chunk[..<count]
            guard bytes.count <= bytesMax else {
                throw Failure(message: "'\(name)' is larger than \(bytesMax >> 20) MB")
            }
        }
    }

    private static func failure(_ name: String) -> Failure {
        Failure(message: "cannot read '\(name)': \(String(cString: strerror(errno)).lowercased())")
    }
}
