"""A command line that says one letter: dtcl against tclsh."""
import os
import tempfile

from .figures import Figure

BLOCK = 10


def measure(bench):
    runs = 60 if bench.quick else 200
    figure = Figure("dtcl -c 'write \"x\"'", "ms", "less", 1.0, "tclsh, puts x")
    with tempfile.NamedTemporaryFile("w", suffix=".tcl") as script:
        script.write("puts x\n")
        script.flush()
        commands = {
            "ours": [bench.programs.dtcl, "-c", 'write "x"'],
            "theirs": ["tclsh", script.name],
        }
        for pair in range(runs // BLOCK):
            both = bench.pair(pair, {
                who: lambda words=words: spawn(bench, words) for who, words in commands.items()
            })
            # Each run with the one of the same place in the other's block.
            for ours, theirs in zip(both["ours"], both["theirs"]):
                figure.add(ours, theirs)
    bench.tell(figure)
    return [figure]


def spawn(bench, words):
    """Milliseconds of each run of a block."""
    lines = bench.workload("spawn", BLOCK, *[os.fspath(word) for word in words])
    return [float(line) / 1000 for line in lines.split()]
