"""The language beside others: DTCL, tclsh, and lua5.4 and python3 for the reader's sense of scale.

The scripts are in the folder `language`: the same work in each language, as its people write it.
Times are processor times, user and system, from start to end, because several programs share the
machine; all of it is on one thread. Reading and laying out are measured inside one process.
"""
import os
import shutil
import statistics
import subprocess

from common.workshop import NoResult, run

from .figures import Figure

FOLDER = os.path.join(os.path.dirname(os.path.realpath(__file__)), "language")
# Work, what it is called, the goal against tclsh.
WORK = [
    ("fib", "fib(30)", 0.2),
    ("loop", "20 million rounds with %", 0.2),
    ("append", "2 million appends to a text", 1.0),
    ("record", "1 million stores in a record", 1.0),
]
RIVALS = [("tclsh", "tcl"), ("lua5.4", "lua"), ("python3", "py")]
BLOCK = 10


def measure(bench):
    figures = scripts(bench)
    figures.append(start(bench))
    figures += reading(bench)
    bench.tell(*figures)
    return figures


def scripts(bench):
    rivals = [(program, ending) for program, ending in RIVALS if shutil.which(program)]
    figures = []
    for name, title, goal in WORK:
        runs = {"dtcl": [bench.programs.dtcl, path(name, "dtcl")]}
        for program, ending in rivals:
            runs[program] = [program, path(name, ending)]
        beside = {
            program: Figure(
                f"{title}, beside {program}", "ms", "less", goal if program == "tclsh" else None, program)
            for program, _ in rivals
        }
        answers = set()
        for pair in range(max(3, bench.pairs // 2)):
            times = bench.pair(pair, {
                program: lambda words=words: processor_time(words, answers)
                for program, words in runs.items()
            })
            for program, figure in beside.items():
                figure.add(times["dtcl"], times[program])
        if len(answers) != 1:
            raise NoResult(f"'{name}' gave different answers: {sorted(answers)}")
        figures += beside.values()
    return figures


def path(name, ending):
    return os.path.join(FOLDER, f"{name}.{ending}")


def processor_time(words, answers):
    """Milliseconds of user and system time; what was printed goes into `answers`."""
    process = subprocess.Popen(words, stdout=subprocess.PIPE)
    answers.add(process.stdout.read().decode().strip())
    process.stdout.close()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise NoResult(f"'{' '.join(words)}' ended with status {process.returncode}")
    return (usage.ru_utime + usage.ru_stime) * 1000


def start(bench):
    """An empty script from start to end, by the clock."""
    figure = Figure("an empty script, beside tclsh", "ms", "less", 1.0, "tclsh")
    commands = {
        "ours": [bench.programs.dtcl, path("empty", "dtcl")],
        "theirs": ["tclsh", path("empty", "tcl")],
    }
    for pair in range((60 if bench.quick else 200) // BLOCK):
        both = bench.pair(pair, {
            who: lambda words=words: spawn(bench, words) for who, words in commands.items()
        })
        for ours, theirs in zip(both["ours"], both["theirs"]):
            figure.add(ours, theirs)
    return figure


def spawn(bench, words):
    """Milliseconds of each run of a block."""
    return [float(line) / 1000 for line in bench.workload("spawn", BLOCK, *words).split()]


def reading(bench):
    program = os.path.join(os.path.dirname(bench.programs.dtcl), "understudy-fuzz")
    if not os.access(program, os.X_OK):
        raise NoResult(f"'{program}' is not there")
    figures = []
    for what, title, goal in (
        ("parse", "reading 10 MB of DTCL", 50), ("format", "laying out 10 MB of DTCL", 20),
    ):
        figure = Figure(title, "MB/s", "more", goal, note="median of five rounds in a process")
        for _ in range(3 if bench.quick else 5):
            rates = [float(line) for line in run(program, "measure", what, "10", "5").split()]
            figure.add(statistics.median(rates))
        figures.append(figure)
    return figures
