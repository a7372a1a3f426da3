import ArgumentParser
import CommandModel
import Foundation
import Logging
import Runtime
import StateStore
import Testing

@testable import understudyd

@Suite struct SettingsTests {
    private func options(_ words: String...) throws -> Options { try Options.parse(words) }

    private func complaint(_ body: () throws -> Settings) -> String {
        do {
            let settings = try body()
            return "accepted: \(settings)"
        } catch {
            return "\(error)"
        }
    }

    @Test func `every key of a configuration file is a setting that GET knows`() throws {
        let folder = try TemporaryFolder()
        let store = try StateStore(directory: folder.path)
        let rules = TaskRules(store, Logger(label: "test"))
        let commands = SettingCommands(
            try Settings(options("--name", "a", "--address", "127.0.0.2", "--state", "/tmp/b")),
            rules: rules)
        for key in ConfigurationFile.keys {
            let get = CommandRequest(
                command: "setting.get", arguments: ["name": .text(key.uppercased())])
            #expect(try commands.execute(get)?.lines.count == 1, "\(key)")
        }
        let listed = try commands.execute(CommandRequest(command: "settings"))
        #expect(listed?.lines.count == ConfigurationFile.keys.count + 1)
        try store.close()
    }

    @Test func `what is not given has its default`() throws {
        let settings = try Settings(
            options("--name", "alpha", "--address", "127.0.0.2", "--state", "/tmp/a/../b/"))
        #expect(settings.name == "alpha")
        #expect(settings.address == "127.0.0.2")
        #expect(settings.stateDirectory == "/tmp/b")
        #expect(settings.port == 1500)
        #expect(settings.controlPort == 1506)
        #expect(settings.logLevel == .info)
        #expect(settings.queue.memoryBytes == 128 << 20)
    }

    @Test func `the command line wins over the file`() throws {
        let file = try ConfigurationFile(
            text: """
                name: beta
                address: "::1"
                port: 2500
                controlPort: 2506
                state: /from/file
                logLevel: warning
                journalMemoryMB: 256
                """, path: "f")
        let settings = try Settings(
            options("--name", "alpha", "--port", "3500", "--log-level", "DEBUG"), file: file)
        #expect(settings.name == "alpha")
        #expect(settings.address == "::1")
        #expect(settings.port == 3500)
        #expect(settings.controlPort == 2506)
        #expect(settings.stateDirectory == "/from/file")
        #expect(settings.logLevel == .debug)
        #expect(settings.queue.memoryBytes == 256 << 20)
    }

    @Test func `a state folder may be named from here`() throws {
        let settings = try Settings(
            options("--name", "alpha", "--address", "127.0.0.2", "--state", "here"))
        #expect(settings.stateDirectory == FileManager.default.currentDirectoryPath + "/here")
    }

    @Test(arguments: [
        ([], "no name is given; use --name, or 'name' in the configuration file"),
        (["--name", "a b"], "expected letters, digits"),
        (["--name", "127.0.0.2"], "it needs a letter"),
        (["--name", "a"], "no address is given"),
        (["--name", "a", "--address", "alpha"], "expected an IPv4 or IPv6 address"),
        (["--name", "a", "--address", "0.0.0.0"], "other servers cannot reach '0.0.0.0'"),
        (["--name", "a", "--address", "::"], "other servers cannot reach '::'"),
        (["--name", "a", "--address", "127.0.0.2"], "no state is given"),
        (["--port", "0"], "got 0 as port, expected 1 to 65535"),
        (["--control-port", "65536"], "got 65536 as control port"),
        (["--port", "7", "--control-port", "7"], "are both 7"),
        (["--log-level", "wraning"], "(did you mean 'warning'?)"),
    ])
    func `what cannot be used is named`(words: [String], message: String) throws {
        let good = ["--name", "a", "--address", "127.0.0.2", "--state", "/s"]
        let whole = words.first.map { $0 == "--name" } ?? true ? words : good + words
        let complaint = complaint { try Settings(Options.parse(whole)) }
        #expect(complaint.contains(message), "\(complaint)")
    }

    @Test func `an unknown option suggests the nearest`() {
        do {
            _ = try Options.parse(["--adress", "127.0.0.2"])
            Issue.record("accepted")
        } catch {
            #expect(Options.message(for: error).contains("Did you mean '--address'?"))
        }
    }

    @Test func `help has examples`() {
        let help = Understudyd.helpMessage()
        #expect(help.contains("understudyd --name alpha --address 127.0.0.2"))
        for option in [
            "--name", "--address", "--state", "--config", "--port", "--control-port", "--log-level",
        ] { #expect(help.contains(option)) }
        for key in ConfigurationFile.keys { #expect(help.contains("    \(key): ")) }
    }

    @Test(arguments: [
        ("name: alpha\nadress: 1.2.3.4\n", "f:2: unknown key 'adress' (did you mean 'address'?)"),
        ("Port: 1\n", "f:1: unknown key 'Port' (did you mean 'port'?)"),
        ("colour: red\n", "f:1: unknown key 'colour'"),
        ("port: many\n", "f:1: got 'many' as port, expected a number"),
        ("port: [1]\n", "f:1: expected a word after 'port:'"),
        ("name:\n", "f:1: expected a word after 'name:'"),
        ("name: a\nname: b\n", "f: 'name' stands there more than once"),
        ("- a\n- b\n", "f: got a list or a word, expected lines such as 'name: alpha'"),
        ("alpha", "f: got a list or a word"),
        ("name: [\n", "f:2: "),
        ("name: \"a\n", "f:"),
    ])
    func `a mistake in the file is named with its line`(text: String, message: String) {
        do {
            let file = try ConfigurationFile(text: text, path: "f")
            Issue.record("accepted: \(file)")
        } catch {
            #expect(error.description.hasPrefix(message), "\(error)")
        }
    }

    @Test(arguments: ["", "\n", "# nothing yet\n", "---\n"])
    func `an empty file says nothing`(text: String) throws {
        #expect(try ConfigurationFile(text: text, path: "f") == ConfigurationFile())
    }

    @Test func `journal memory has bounds`() throws {
        for number in [0, 31, 65_537] {
            let file = try ConfigurationFile(text: "journalMemoryMB: \(number)", path: "f")
            let complaint = complaint {
                try Settings(
                    options("--name", "a", "--address", "::1", "--state", "/s"), file: file)
            }
            #expect(complaint == "got \(number) as journalMemoryMB, expected 32 to 65536")
        }
    }

    @Test func `a file that cannot be read says why`() throws {
        let folder = try TemporaryFolder()
        let message = { (path: String) -> String in
            do {
                return "accepted: \(try ConfigurationFile(path: path))"
            } catch {
                return "\(error)"
            }
        }
        let missing = folder.path + "/missing"
        #expect(
            message(missing)
                == "the configuration file '\(missing)' cannot be read: No such file or directory")
        #expect(message(folder.path).hasSuffix("cannot be read: Is a directory"))
        let odd = folder.path + "/odd"
        try Data([0x6E, 0xFF, 0x0A]).write(to: URL(fileURLWithPath: odd))
        #expect(message(odd).hasSuffix("is not UTF-8"))
        try Data(repeating: 0x20, count: ConfigurationFile.bytesMax + 1)
            .write(to: URL(fileURLWithPath: odd))
        #expect(message(odd).hasSuffix("it is longer than 1048576 bytes"))
    }
}
