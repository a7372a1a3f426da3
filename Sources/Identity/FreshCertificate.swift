internal import Crypto
internal import FoundationEssentials
internal import SwiftASN1
internal import X509

/// A new P-256 key and a certificate over it, signed by itself.
enum FreshCertificate {
    /// 9999-12-31 23:59:59 UTC: the date that stands for "has no end".
    private static let never = Date(timeIntervalSince1970: 253_402_300_799)
    /// A peer whose clock is behind must not find it "not yet valid"; seconds.
    private static let clockSlack = 86_400.0

    /// Both in PEM, the certificate first.
    static func make(name: String) throws(IdentityError) -> String {
        do {
            let key = P256.Signing.PrivateKey()
            let subject = try DistinguishedName { CommonName(name) }
            let certificate = try Certificate(
                version: .v3,
                serialNumber: Certificate.SerialNumber(),
                publicKey: Certificate.PublicKey(key.publicKey),
                notValidBefore: Date().addingTimeInterval(-clockSlack),
                notValidAfter: never,
                issuer: subject,
                subject: subject,
                signatureAlgorithm: .ecdsaWithSHA256,
                extensions: try Certificate.Extensions {
                    Critical(BasicConstraints.notCertificateAuthority)
                    Critical(KeyUsage(digitalSignature: true))
                    try ExtendedKeyUsage([.serverAuth, .clientAuth])
                },
                issuerPrivateKey: Certificate.PrivateKey(key))
            return try certificate.serializeAsPEM().pemString + "\n" + key.pemRepresentation + "\n"
        } catch {
            throw .notMade(problem: "\(error)")
        }
    }
}
