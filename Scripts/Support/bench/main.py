"""The command line, and what all measurements share."""
import argparse
import json
import os
import platform
import signal
import subprocess
import sys

from common.programs import Programs
from common.workshop import NoResult, check_machine, run

from . import capture, language, latency, memory, mirror, start
from .figures import markdown, table
from .rig import Rig
from .servers import Servers

MEASUREMENTS = {
    "mirror": mirror, "latency": latency, "capture": capture, "start": start, "memory": memory,
    "language": language,
}
NEEDED = {
    "diff": "diffutils", "gcc": "gcc", "losetup": "mount", "mkfs.ext4": "e2fsprogs",
    "pkg-config": "pkg-config", "rsync": "rsync", "tclsh": "tcl",
}
DESCRIPTION = """\
Measures what Understudy promises, beside the programs it is compared with, in one run: interleaved
pairs in changing order on an ext4 image in memory. Docs/Benchmarks.md says how to read the result.
Needs root. Exit status: 0 all goals met, 1 a goal missed, 2 no result."""
EXAMPLES = """\
examples:
  Scripts/bench                           everything, nine pairs each: about five minutes
  Scripts/bench --quick mirror latency    two of them, three pairs, to see whether a change helped
  Scripts/bench --json figures.json       keeps every single value
  Scripts/bench --markdown                the table for Docs/Benchmarks.md
  UNDERSTUDY_PROGRAMS=/opt/understudy/bin Scripts/bench start
                                          measures programs that are already built"""


class Bench:
    """What a measurement is given."""

    def __init__(self, programs, quick, pairs):
        self.programs, self.quick, self.pairs = programs, quick, pairs

    def rig(self, gibibytes):
        return Rig(gibibytes)

    def servers(self, rig):
        return Servers(rig, self.programs)

    def pair(self, number, rivals):
        """Runs each rival once, the order turned round with every pair; results by name."""
        order = list(rivals) if number % 2 == 0 else list(reversed(rivals))
        return {name: rivals[name]() for name in order}

    def workload(self, *words):
        return run(self.programs.bench, *[str(word) for word in words])

    def rate(self, *words):
        """Operations a second."""
        return float(self.workload(*words).split()[1])

    def tell(self, *figures):
        """How far it is, on the error output."""
        for figure in figures:
            cells = [cell for cell in figure.cells() if cell]
            print("  " + ", ".join(cells), file=sys.stderr, flush=True)


def arguments(words):
    parser = argparse.ArgumentParser(
        prog="Scripts/bench", description=DESCRIPTION, epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "what", nargs="*", metavar="WHAT", help=f"{', '.join(MEASUREMENTS)} (default: all)")
    parser.add_argument("--quick", action="store_true", help="fewer and shorter runs")
    parser.add_argument("--pairs", type=int, metavar="N", help="pairs (default: 9, quick: 3)")
    parser.add_argument("--json", metavar="FILE", help="writes every value into FILE")
    parser.add_argument("--markdown", action="store_true", help="prints a table for the documents")
    given = parser.parse_args(words)
    for what in given.what:
        if what not in MEASUREMENTS:
            parser.error(f"'{what}' is none of {', '.join(MEASUREMENTS)}")
    if given.pairs is not None and given.pairs < 1:
        parser.error(f"--pairs: got {given.pairs}, expected 1 or more")
    return given


def machine():
    """What the figures were taken on."""
    with open("/proc/cpuinfo") as file:
        models = [line.split(":", 1)[1].strip() for line in file if line.startswith("model name")]
    memory_bytes = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {
        "processors": len(models), "model": models[0] if models else platform.machine(),
        "memoryGiB": round(memory_bytes / (1 << 30)), "kernel": platform.release(),
        "loadAverage": round(os.getloadavg()[0], 1),
    }


def main(words):
    given = arguments(words)
    names = [name for name in MEASUREMENTS if name in given.what] or list(MEASUREMENTS)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    figures = []
    try:
        is_there = "capture" not in names or os.path.exists(capture.EXAMPLE)
        check_machine(NEEDED, missing=() if is_there else ["libfuse3-dev"])
        programs = Programs.given_or_built()
        about = machine()
        pairs = given.pairs or (3 if given.quick else 9)
        bench = Bench(programs, given.quick, pairs)
        for name in names:
            print(f"== {name}", file=sys.stderr, flush=True)
            figures += MEASUREMENTS[name].measure(bench)
    except (NoResult, subprocess.SubprocessError, OSError) as problem:
        print(f"bench: {problem}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    show(given, about, pairs, figures)
    return 1 if any(figure.met is False for figure in figures) else 0


def show(given, about, pairs, figures):
    if given.json:
        with open(given.json, "w") as file:
            json.dump(
                {"machine": about, "pairs": pairs, "figures": [one.record() for one in figures]},
                file, indent=2)
            file.write("\n")
    print(
        f"{about['processors']} x {about['model']}, {about['memoryGiB']} GiB, "
        f"kernel {about['kernel']}, load {about['loadAverage']} at the start, {pairs} pairs\n")
    print(markdown(figures) if given.markdown else table(figures))
