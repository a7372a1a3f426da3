import Testing

@Suite struct TidyTests {
    @Test("The tree keeps every rule", arguments: Rule.all.map(\.name))
    func tree(_ name: String) throws {
        try #require(SourceFile.all.count > 100, "the sources are not found")
        for rule in Rule.all where rule.name == name {
            let findings = rule.findings(in: SourceFile.all)
            #expect(findings.isEmpty, "\(findings.joined(separator: "\n"))")
        }
    }

    @Test("The package lets nobody import more than the table does")
    func manifest() throws {
        let declared = Rooms.declared(in: SourceFile.manifest)
        try #require(declared.count > 20, "the rooms of the manifest are not found")
        for (name, dependencies) in declared {
            let room = try #require(Rooms.all[name], "'\(name)' is not in the table")
            let more = dependencies.subtracting(room.imports)
            #expect(more.isEmpty, "\(name): \(more.sorted())")
        }
    }

    @Test("Language and control do not reach the engine, nor the engine them")
    func columns() {
        let language: Set = [
            "DTCLSyntax", "DTCLInterpreter", "CommandTable", "UnderstudyCommands", "ScriptHost",
        ]
        let control: Set = ["ControlClient", "ControlServer", "ToolKit"]
        let engine: Set = [
            "ReplicationModel", "MirrorCore", "SessionCore", "WireProtocol", "FileSystemAccess",
            "FuseKernel", "Journal", "StateStore", "TargetApply", "MirrorSource", "Transport",
            "CaptureControl", "CaptureFS", "Runtime", "SimulationKit",
        ]
        for (name, room) in Rooms.all where !room.isProgram {
            if engine.contains(name) {
                #expect(room.imports.isDisjoint(with: language.union(control)), "\(name)")
            } else {
                #expect(room.imports.isDisjoint(with: engine), "\(name)")
            }
        }
        // Only these two know that there is a kernel's side of FUSE.
        let fuse = Rooms.all.filter { $0.value.imports.contains("CLinuxFuse") }.keys
        #expect(Set(fuse) == ["FuseKernel", "CaptureFS", "understudy-capture"])
    }

    // MARK: Every rule with a bad sample

    private func findings(_ rule: Rule, _ path: String, _ text: String) -> [String] {
        rule.findings(in: [SourceFile(path: path, text: text)])
    }

    @Test("A forbidden import is found, however it is written")
    func imports() {
        for line in [
            "import Foundation", "public import struct Foundation.Data",
            "@preconcurrency internal import Runtime  // why", "package import Glibc",
        ] {
            #expect(
                findings(.imports, "DTCLSyntax/Lexer.swift", "import DTCLSyntax\n" + line).contains
                {
                    $0.hasPrefix("DTCLSyntax/Lexer.swift:2: ")
                }, "\(line)")
        }
        #expect(findings(.imports, "Journal/A.swift", "package import ReplicationModel").isEmpty)
        #expect(findings(.imports, "Journal/A.swift", "// import Foundation").isEmpty)
        #expect(!findings(.imports, "NewRoom/A.swift", "").isEmpty)
    }

    @Test("A dependency that the table does not have is seen in a manifest")
    func manifestSample() {
        let text = """
            room("A"), room("B", ["A", outside]),
            tool(
                "c",
                [
                    "A", "B",
                ]),
            """
        #expect(Rooms.declared(in: text) == ["A": [], "B": ["A"], "c": ["A", "B"]])
    }

    @Test("A long file and a long line are found")
    func lengths() {
        let long = String(repeating: "let a = 1\n", count: 601)
        #expect(findings(.fileLength, "Journal/A.swift", long + "a\n").count == 1)
        #expect(findings(.fileLength, "Journal/A.swift", String(long.dropFirst(10))).isEmpty)
        let line = String(repeating: "ä", count: 101)
        #expect(
            findings(.lineLength, "Journal/A.swift", "\n" + line).first?.contains(":2: ") == true)
        #expect(findings(.lineLength, "Journal/A.swift", String(line.dropFirst())).isEmpty)
    }

    @Test("What is put off, forced or printed is found")
    func words() {
        #expect(findings(.laterWords, "Journal/A.swift", "// TODO: more").count == 1)
        #expect(findings(.laterWords, "Journal/A.swift", "let x = 1  // FIXME").count == 1)
        #expect(findings(.forcing, "Journal/A.swift", "let x = try! f()").count == 1)
        #expect(findings(.forcing, "Journal/A.swift", "let x = y as! Int").count == 1)
        #expect(findings(.forcing, "Journal/A.swift", "// why not try! here").isEmpty)
        #expect(findings(.printing, "Journal/A.swift", "    print(x)").count == 1)
        #expect(findings(.printing, "Journal/A.swift", "fingerprint(x); a.print(x)").isEmpty)
        #expect(findings(.printing, "dtcl/A.swift", "print(x)").isEmpty)
    }
}
