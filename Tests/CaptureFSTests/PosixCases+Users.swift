import CPosix
import Glibc

extension PosixCase {
    static let users = [
        PosixCase("what a user makes is the user's") { probe in
            chmod(probe.root, 0o777)
            probe.asUser(1000, 1000) { probe in
                probe.make("file", "text", mode: 0o640)
                probe.note("mkdir", mkdir(probe.path("d"), 0o750))
                probe.note("symlink", symlink("file", probe.path("s")))
                probe.note("fifo", mknod(probe.path("fifo"), S_IFIFO | 0o600, 0))
                probe.note("device", mknod(probe.path("null"), S_IFCHR | 0o600, makedev(1, 3)))
                probe.note("chown", chown(probe.path("file"), 0, 0))
                probe.note("chmod", chmod(probe.path("file"), 0o600))
                probe.attributes("file")
            }
            for name in ["file", "d", "s", "fifo"] { probe.status(name) }
        },
        PosixCase("what a user must not do") { probe in
            probe.make("secret", "text", mode: 0o600)
            mkdir(probe.path("closed"), 0o700)
            probe.make("closed/inside", "text", mode: 0o666)
            probe.make("shown", "text", mode: 0o644)
            probe.asUser(1000, 1000) { probe in
                probe.open("secret", O_RDONLY)
                probe.open("closed/inside", O_RDONLY)
                close(probe.open("shown", O_RDONLY))
                probe.open("shown", O_WRONLY)
                probe.open("new", O_CREAT | O_RDWR)
                probe.note("unlink", unlink(probe.path("shown")))
                probe.note("rename", Glibc.rename(probe.path("shown"), probe.path("other")))
                probe.note("chmod", chmod(probe.path("shown"), 0o777))
                probe.note("truncate", truncate(probe.path("shown"), 0))
                probe.note("utimes", utimensat(AT_FDCWD, probe.path("shown"), nil, 0))
                probe.note("attribute", lsetxattr(probe.path("shown"), "user.x", "y", 1, 0))
                probe.note("trusted", lsetxattr(probe.path("shown"), "trusted.x", "y", 1, 0))
                probe.names("closed")
                probe.note("link", link(probe.path("secret"), probe.path("mine")))
            }
            probe.names()
        },
        PosixCase("sticky directories") { probe in
            mkdir(probe.path("tmp"), 0o777)
            chmod(probe.path("tmp"), 0o1777)
            probe.make("tmp/roots", mode: 0o666)
            probe.asUser(1000, 1000) { probe in
                probe.make("tmp/mine")
                probe.note("unlink", unlink(probe.path("tmp/roots")))
                probe.note("rename", Glibc.rename(probe.path("tmp/roots"), probe.path("tmp/x")))
            }
            probe.asUser(1001, 1001) { probe in
                probe.note("unlink", unlink(probe.path("tmp/mine")))
            }
            probe.asUser(1000, 1000) { probe in
                probe.note("unlink", unlink(probe.path("tmp/mine")))
            }
            probe.names("tmp")
        },
        PosixCase("setgid directories") { probe in
            mkdir(probe.path("shared"), 0o777)
            chown(probe.path("shared"), 0, 500)
            chmod(probe.path("shared"), 0o2777)
            probe.asUser(1000, 1000) { probe in
                probe.make("shared/file")
                probe.note("mkdir", mkdir(probe.path("shared/d"), 0o755))
                probe.make("shared/program", mode: 0o2755)
            }
            probe.make("shared/roots", mode: 0o2755)
            for name in ["file", "d", "program", "roots"] { probe.status("shared/" + name) }
        },
        PosixCase("writing takes setuid and setgid away") { probe in
            for (index, mode) in [0o4777, 0o2777, 0o2767, 0o6777].enumerated() {
                let name = "program\(index)"
                probe.make(name, "text")
                chmod(probe.path(name), mode_t(mode))
                let file = probe.open(name, O_WRONLY)
                probe.write(file, "root's")
                close(file)
                probe.status(name)
                probe.asUser(1000, 1000) { probe in
                    let file = probe.open(name, O_WRONLY)
                    probe.write(file, "user's")
                    close(file)
                }
                probe.status(name)
                chmod(probe.path(name), mode_t(mode))
                probe.asUser(1000, 1000) { probe in
                    probe.note("truncate", truncate(probe.path(name), 1))
                }
                probe.status(name)
            }
        },
        PosixCase("a group's member may change the group and nobody else") { probe in
            chmod(probe.root, 0o777)
            probe.asUser(1000, 1000) { probe in
                probe.make("file", mode: 0o6755)
                probe.note("own group", chown(probe.path("file"), uid_t.max, 1000))
                probe.note("other group", chown(probe.path("file"), uid_t.max, 3000))
            }
            probe.status("file")
        },
    ]
}
