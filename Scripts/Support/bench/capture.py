"""The captured folder, replicating, against libfuse's example of a file system that passes through."""
import os
import time

from .figures import Figure
from .rig import BenchFailure, run

EXAMPLE = "/usr/share/doc/libfuse3-dev/examples/passthrough_ll.c"
FILES = 5000

# Workload, what it is, goal as a multiple of the rival's speed, unit.
WORKLOADS = [
    ("randwrite", "4 KiB random writes", 1.0, "/s"),
    ("stat", "stat after a write", 1.0, "/s"),
    ("lookup", "stat of unknown names", None, "/s"),
    ("read", "open, read, close", 3.0, "/s"),
    ("create", "create, write 100 bytes, close", None, "/s"),
    ("rename", "rename", None, "/s"),
    ("unlink", "unlink", None, "/s"),
    ("seqwrite", "sequential writes of 1 MiB", None, "MiB/s"),
]


class PassThrough:
    """The example, built from Debian's source, over a folder of the rig."""

    def __init__(self, rig):
        self.rig = rig
        self.folder = os.path.join(rig.disk, "pass-through")
        source = rig.path("pass-through-source")
        os.mkdir(self.folder)
        os.mkdir(source)
        program = rig.path("passthrough_ll")
        flags = run("pkg-config", "fuse3", "--cflags", "--libs").split()
        run("gcc", "-O2", "-w", "-o", program, EXAMPLE, *flags)
        # One file system, as the capture has it: so the source folder is on the same image.
        self.source = os.path.join(rig.disk, "pass-through-source")
        os.mkdir(self.source)
        rig.start([program, "-f", "-o", f"source={self.source},cache=auto", self.folder],
                  log=rig.path("passthrough_ll.log"))
        for _ in range(100):
            if os.path.ismount(self.folder):
                return
            time.sleep(0.05)
        raise BenchFailure("passthrough_ll did not mount")


def measure(bench):
    figures = {
        name: Figure("capture: " + title, unit, "more", goal, "passthrough_ll")
        for name, title, goal, unit in WORKLOADS
    }
    with bench.rig(3) as rig:
        servers, rival = bench.servers(rig), PassThrough(rig)
        servers.connect(mirror=True)
        for pair in range(bench.pairs + 1):
            both = bench.pair(pair, {
                "ours": lambda: workloads(bench, rig, servers.folder, servers.sync),
                "theirs": lambda: workloads(bench, rig, rival.folder, lambda: None),
            })
            if pair == 0:
                run("diff", "-r", servers.under(servers.folder), servers.under(servers.copy))
                continue
            for name, figure in figures.items():
                figure.add(both["ours"][name], both["theirs"][name])
            bench.tell(*figures.values())
        servers.sync()
        run("diff", "-r", servers.under(servers.folder), servers.under(servers.copy))
    return list(figures.values())


def workloads(bench, rig, folder, caught_up):
    """Operations a second of each workload, in one folder. Before each one the target has caught
    up, so that each is measured with its own replication and not with another's."""
    rates = {}

    def one(name, *words):
        caught_up()
        rig.settle()
        rates[name] = bench.rate(name, *words)

    inside, big = os.path.join(folder, "files"), os.path.join(folder, "big")
    os.mkdir(inside)
    one("create", inside, FILES)
    one("stat", inside, FILES)
    one("read", inside, FILES)
    forget()
    one("lookup", inside, FILES)
    one("rename", inside, FILES)
    one("unlink", inside, FILES)
    one("seqwrite", big, 128)
    one("randwrite", big, 1 if bench.quick else 2)
    os.rmdir(inside)
    os.unlink(big)
    caught_up()
    rig.settle()
    return rates


def forget():
    """The kernel drops the names it knows but nobody uses."""
    with open("/proc/sys/vm/drop_caches", "w") as file:
        file.write("2\n")
