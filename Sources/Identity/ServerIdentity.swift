package import NIOSSL
internal import SwiftASN1
internal import X509

/// A server's key and certificate, made once at its first start. Peers pin the certificate, so it
/// has no issuer to ask and no end; losing it means being introduced to every peer again.
package struct ServerIdentity: Sendable {
    package let fingerprint: Fingerprint
    /// Given to peers, who pin it.
    package let certificatePEM: String
    package let certificate: NIOSSLCertificate
    package let key: NIOSSLPrivateKey

    /// Certificate and key lie in one file, so that they can only be replaced together.
    package static let fileName = "identity.pem"

    /// Reads `folder/identity.pem`; nil when there is none.
    package static func load(folder: String) throws(IdentityError) -> ServerIdentity? {
        let path = folder + "/" + fileName
        guard let bytes = try StateFile.read(path) else { return nil }
        return try ServerIdentity(pem: String(decoding: bytes, as: UTF8.self), path: path)
    }

    /// Reads the identity, or makes and keeps one where there is none. `name` becomes the
    /// certificate's common name and is for people only; the folder must be there.
    package static func loadOrMake(
        folder: String, name: String
    ) throws(IdentityError) -> ServerIdentity {
        if let identity = try load(folder: folder) { return identity }
        let pem = try FreshCertificate.make(name: name)
        let path = folder + "/" + fileName
        let identity = try ServerIdentity(pem: pem, path: path)
        try StateFile.write(Array(pem.utf8), folder: folder, name: fileName)
        return identity
    }

    /// An identity that is kept nowhere.
    package static func temporary(name: String) throws(IdentityError) -> ServerIdentity {
        try ServerIdentity(pem: try FreshCertificate.make(name: name), path: "memory")
    }

    /// Takes the first certificate and the first key; `path` is for messages.
    init(pem: String, path: String) throws(IdentityError) {
        do {
            let documents = try PEMDocument.parseMultiple(pemString: pem)
            let certificates = documents.filter { $0.discriminator == "CERTIFICATE" }
            let keys = documents.filter { $0.discriminator.hasSuffix("PRIVATE KEY") }
            guard let certificateDocument = certificates.first, let keyDocument = keys.first else {
                throw IdentityError.unreadable(
                    path: path,
                    problem: "got \(certificates.count) certificates and \(keys.count) keys")
            }
            let parsed = try Certificate(pemDocument: certificateDocument)
            let parsedKey = try Certificate.PrivateKey(pemDocument: keyDocument)
            guard parsed.publicKey == parsedKey.publicKey else {
                throw IdentityError.keyDoesNotMatch(path: path)
            }
            certificate = try NIOSSLCertificate(
                bytes: certificateDocument.derBytes, format: .der)
            key = try NIOSSLPrivateKey(bytes: Array(keyDocument.pemString.utf8), format: .pem)
            certificatePEM = certificateDocument.pemString
            fingerprint = Fingerprint(ofDER: certificateDocument.derBytes)
        } catch let error as IdentityError {
            throw error
        } catch {
            throw .unreadable(path: path, problem: "\(error)")
        }
    }
}
