"""The captured folder, replicating, against libfuse's example that passes everything through."""
import os
import time

from common.workshop import NoResult, run

from .figures import Figure

EXAMPLE = "/usr/share/doc/libfuse3-dev/examples/passthrough_ll.c"
FILES = 5000
# What is written in one go fits into the queue of 128 MB: more would measure how a connection is
# put out that cannot keep up, not replication.
SEQUENTIAL_MEBIBYTES = 64
RANDOM_WRITES = 20000
# The folder of small files, a file written in pieces of 1 MiB, one written in pieces of 4 KiB.
# The kernel caches the first in large folios, and ext4 goes through all blocks of a folio with
# every write into it: there random writes measure the backing file system more than the capture.
MADE = ("files", "big", "blocks")

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
    ("blockwrite", "sequential writes of 4 KiB", None, "/s"),
    ("randwrite-big", "4 KiB random writes, large folios", None, "/s"),
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
        raise NoResult("passthrough_ll did not mount")


def measure(bench):
    figures = {
        name: Figure("capture: " + title, unit, "more", goal, "passthrough_ll")
        for name, title, goal, unit in WORKLOADS
    }
    sustained = Figure("capture: 4 KiB random writes, until on the target", "/s", "more")
    with bench.rig(3) as rig:
        servers, rival = bench.servers(rig), PassThrough(rig)
        servers.connect(mirror=True)
        for pair in range(bench.pairs + 1):
            both = bench.pair(pair, {
                "ours": lambda: workloads(bench, rig, servers.folder, servers.sync),
                "theirs": lambda: workloads(bench, rig, rival.folder, lambda: None),
            })
            same(servers)
            clear(servers.folder)
            clear(rival.folder)
            servers.sync()
            if pair == 0:
                # Not counted: it warms both up.
                continue
            for name, figure in figures.items():
                figure.add(both["ours"][name], both["theirs"][name])
            sustained.add(both["ours"]["sustained"])
            bench.tell(*figures.values(), sustained)
        same(servers)
    return [*figures.values(), sustained]


def workloads(bench, rig, folder, caught_up):
    """Operations a second of each workload, in one folder. Before each one the target has caught
    up, so that each is measured with its own replication and not with another's."""
    rates = {}

    def one(name, *words):
        caught_up()
        rig.settle()
        rates[name] = bench.rate(*words)

    inside, big, blocks = (os.path.join(folder, name) for name in MADE)
    os.mkdir(inside)
    one("create", "create", inside, FILES)
    one("stat", "stat", inside, FILES)
    one("read", "read", inside, FILES)
    forget()
    one("lookup", "lookup", inside, FILES)
    one("rename", "rename", inside, FILES)
    one("unlink", "unlink", inside, FILES)
    one("seqwrite", "seqwrite", big, SEQUENTIAL_MEBIBYTES)
    one("randwrite-big", "randwrite", big, RANDOM_WRITES)
    one("blockwrite", "blockwrite", blocks, SEQUENTIAL_MEBIBYTES)
    one("randwrite", "randwrite", blocks, RANDOM_WRITES)
    begun = time.monotonic()
    caught_up()
    behind = time.monotonic() - begun
    rates["sustained"] = RANDOM_WRITES / (RANDOM_WRITES / rates["randwrite"] + behind)
    return rates


def same(servers):
    """Both sides hold the same names and contents."""
    run("diff", "-r", servers.under(servers.folder), servers.under(servers.copy))


def clear(folder):
    """Takes away what the workloads have left."""
    inside, *files = (os.path.join(folder, name) for name in MADE)
    os.rmdir(inside)
    for file in files:
        os.unlink(file)


def forget():
    """The kernel drops the names it knows but nobody uses."""
    with open("/proc/sys/vm/drop_caches", "w") as file:
        file.write("2\n")
