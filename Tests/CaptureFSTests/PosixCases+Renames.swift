import CPosix
import Glibc

extension PosixCase {
    private static func rename(_ probe: Probe, _ from: String, _ to: String, _ flags: UInt32 = 0) {
        probe.note(
            "rename \(from) \(to) \(flags)",
            renameat2(AT_FDCWD, probe.path(from), AT_FDCWD, probe.path(to), flags))
    }

    static let renames = [
        PosixCase("rename within and across directories") { probe in
            probe.make("a", "a")
            mkdir(probe.path("d"), 0o755)
            rename(probe, "a", "b")
            rename(probe, "b", "d/c")
            rename(probe, "absent", "x")
            probe.content("d/c")
            probe.names()
            probe.names("d")
            rename(probe, "d", "d/below")
            rename(probe, "d", "e")
            probe.content("e/c")
            probe.content("d/c")
        },
        PosixCase("rename over what is there") { probe in
            probe.make("a", "a")
            probe.make("b", "b")
            let old = probe.open("b", O_RDONLY)
            rename(probe, "a", "b")
            probe.content("b")
            probe.note(probe.text(of: old))
            close(old)
            mkdir(probe.path("d"), 0o755)
            mkdir(probe.path("e"), 0o755)
            rename(probe, "b", "d")
            rename(probe, "d", "b")
            rename(probe, "d", "e")
            probe.make("e/x")
            mkdir(probe.path("f"), 0o755)
            rename(probe, "f", "e")
            probe.names()
        },
        PosixCase("rename of two names of one file") { probe in
            probe.make("a", "a")
            link(probe.path("a"), probe.path("b"))
            rename(probe, "a", "b")
            probe.status("a")
            rename(probe, "a", "c")
            probe.status("c")
            probe.names()
        },
        PosixCase("rename flags") { probe in
            probe.make("a", "a")
            probe.make("b", "bb")
            mkdir(probe.path("d"), 0o755)
            probe.make("d/x", "x")
            rename(probe, "a", "b", 1)
            rename(probe, "a", "new", 1)
            rename(probe, "new", "b", 2)
            probe.content("new")
            probe.content("b")
            rename(probe, "new", "d", 2)
            probe.content("d")
            probe.content("new/x")
            rename(probe, "new", "absent", 2)
            rename(probe, "new", "b", 3)
            rename(probe, "d", "moved", 4)
            probe.status("d")
            probe.content("moved")
            rename(probe, "b", "c", 8)
            probe.names()
        },
        PosixCase("files keep their content through renamed directories") { probe in
            mkdir(probe.path("one"), 0o755)
            mkdir(probe.path("one/two"), 0o755)
            let file = probe.open("one/two/file", O_CREAT | O_RDWR)
            probe.write(file, "first")
            rename(probe, "one", "uno")
            probe.write(file, " second")
            rename(probe, "uno/two", "two")
            probe.write(file, " third")
            close(file)
            probe.content("two/file")
            probe.names("uno")
        },
    ]
}
