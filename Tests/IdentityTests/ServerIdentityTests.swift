import Foundation
import NIOSSL
import Testing

@testable import Identity

@Suite struct ServerIdentityTests {
    @Test func theFirstStartMakesItAndTheNextReadsIt() throws {
        try withFolder { folder in
            let made = try ServerIdentity.loadOrMake(folder: folder, name: "alpha")
            let read = try ServerIdentity.loadOrMake(folder: folder, name: "other")
            #expect(made.fingerprint == read.fingerprint)
            #expect(made.certificatePEM == read.certificatePEM)
            #expect(try made.certificate.toDERBytes() == read.certificate.toDERBytes())
            #expect(Fingerprint(ofDER: try read.certificate.toDERBytes()) == read.fingerprint)
        }
    }

    @Test func onlyTheOwnerCanReadTheFileAndNothingElseIsLeft() throws {
        try withFolder { folder in
            _ = try ServerIdentity.loadOrMake(folder: folder, name: "alpha")
            let names = try FileManager.default.contentsOfDirectory(atPath: folder)
            #expect(names == [ServerIdentity.fileName])
            let attributes = try FileManager.default.attributesOfItem(
                atPath: folder + "/" + ServerIdentity.fileName)
            #expect(attributes[.posixPermissions] as? Int == 0o600)
        }
    }

    @Test func everyServerHasItsOwn() throws {
        let first = try ServerIdentity.temporary(name: "alpha")
        let second = try ServerIdentity.temporary(name: "alpha")
        #expect(first.fingerprint != second.fingerprint)
    }

    @Test func whatIsNotThereIsNoIdentity() throws {
        try withFolder { folder in
            let identity = try ServerIdentity.load(folder: folder)
            #expect(identity == nil)
        }
    }

    @Test func aFolderThatIsNotThereIsAnError() throws {
        try withFolder { folder in
            let missing = folder + "/missing"
            #expect(
                throws: IdentityError.file(
                    path: missing + "/identity.pem.new", errno: ENOENT)
            ) {
                try ServerIdentity.loadOrMake(folder: missing, name: "alpha")
            }
        }
    }

    @Test func aFileThatOthersCanReadIsRefused() throws {
        try withFolder { folder in
            _ = try ServerIdentity.loadOrMake(folder: folder, name: "alpha")
            let path = folder + "/" + ServerIdentity.fileName
            chmod(path, 0o640)
            #expect(throws: IdentityError.exposed(path: path, mode: 0o640)) {
                try ServerIdentity.load(folder: folder)
            }
        }
    }

    @Test func theKeyOfAnotherCertificateIsRefused() throws {
        try withFolder { folder in
            let first = try FreshCertificate.make(name: "alpha")
            let second = try FreshCertificate.make(name: "alpha")
            let mixed = Self.part(first, "CERTIFICATE") + Self.part(second, "PRIVATE KEY")
            try StateFile.write(
                Array(mixed.utf8), folder: folder, name: ServerIdentity.fileName)
            let path = folder + "/" + ServerIdentity.fileName
            #expect(throws: IdentityError.keyDoesNotMatch(path: path)) {
                try ServerIdentity.load(folder: folder)
            }
        }
    }

    @Test(arguments: ["", "nothing", "CERTIFICATE", "PRIVATE KEY", "cut"])
    func aFileWithoutBothPartsIsNamed(content: String) throws {
        try withFolder { folder in
            let pem = try FreshCertificate.make(name: "alpha")
            let text =
                switch content {
                case "CERTIFICATE", "PRIVATE KEY": Self.part(pem, content)
                case "cut": String(pem.prefix(pem.count - 60))
                default: content
                }
            try StateFile.write(Array(text.utf8), folder: folder, name: ServerIdentity.fileName)
            let error = #expect(throws: IdentityError.self) {
                try ServerIdentity.load(folder: folder)
            }
            guard case .unreadable(let path, _) = error else {
                Issue.record("got \(String(describing: error)), expected .unreadable")
                return
            }
            #expect(path == folder + "/" + ServerIdentity.fileName)
        }
    }

    /// The PEM block with this title.
    private static func part(_ pem: String, _ title: String) -> String {
        let begin = "-----BEGIN \(title)-----"
        let end = "-----END \(title)-----\n"
        guard let start = pem.range(of: begin), let stop = pem.range(of: end) else { return "" }
        return String(pem[start.lowerBound..<stop.upperBound])
    }
}

/// A fresh folder that is gone afterwards.
func withFolder(_ body: (String) throws -> Void) throws {
    var template = Array((NSTemporaryDirectory() + "/identity-XXXXXX").utf8CString)
    let made = template.withUnsafeMutableBufferPointer { buffer in
        buffer.baseAddress.flatMap { mkdtemp($0) }.map { String(cString: $0) }
    }
    let folder = try #require(made)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try body(folder)
}
