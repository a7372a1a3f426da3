import ControlClient
import Glibc
import ToolKit

/// Where this program looks for the credentials that a server wants.
enum Secrets {
    private static let fileBytesMax = 1 << 16

    /// - Parameter indent: before questions.
    static func source(_ typeAhead: TypeAhead, indent: String) -> CredentialSource {
        CredentialSource(
            variable: { name in getenv(name).map { String(cString: $0) } },
            file: readFile,
            ask: { text, isSecret async throws(CredentialSource.Failure) in
                try await ask(indent + text, isSecret, typeAhead)
            })
    }

    private static func readFile() throws(CredentialSource.Failure) -> String? {
        guard let folder = UserFolders.configuration else { return nil }
        do throws(PrivateFile.Failure) {
            return try PrivateFile.read(folder + "/credentials", bytesMax: fileBytesMax)
                .map { String(decoding: $0, as: UTF8.self) }
        } catch {
            throw CredentialSource.Failure(error.message)
        }
    }

    private static func ask(
        _ text: String, _ isSecret: Bool, _ typeAhead: TypeAhead
    ) async throws(CredentialSource.Failure) -> String {
        let question = Question(typeAhead)
        let answer: Result<String, Question.Failure> = await withTaskCancellationHandler {
            do throws(Question.Failure) {
                return .success(try question.ask(text, isSecret: isSecret))
            } catch {
                return .failure(error)
            }
        } onCancel: {
            question.interrupt()
        }
        do throws(Question.Failure) {
            return try answer.get()
        } catch {
            switch error {
            case .noTerminal:
                throw CredentialSource.Failure(
                    "the server asks for a password and there is no terminal to ask at, give it in "
                        + "UNDERSTUDY_PASSWORD or in ~/.config/understudy/credentials")
            case .interrupted, .noAnswer: throw CredentialSource.Failure("no password was given")
            }
        }
    }
}
