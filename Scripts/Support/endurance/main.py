"""The command line: which trials, how many rounds, what is kept of a failure."""
import argparse
import json
import os
import platform
import random
import shutil
import signal
import subprocess
import sys
import time
import traceback

from common.programs import Programs
from common.workshop import NoResult, check_machine

from .machine import separate
from .trial import Round, RoundFailure
from .trials import all_trials

DESCRIPTION = """\
Does to Understudy, round after round, what it promises to live through: power cuts, kill -9, full
disks and queues, under an application that works at random. After each round both trees are compared
by a program that knows nothing of Understudy. Docs/Endurance.md says what each trial does.
Needs root. Exit status: 0 all promises kept, 1 one was not, 2 no result."""
EXAMPLES = """\
examples:
  Scripts/endurance power kill            two trials with all their rounds
  Scripts/endurance --quick               every trial, a few rounds
  Scripts/endurance power --seed 4711 --rounds 1
                                          the round that failed with this seed, once more
  Scripts/endurance kill --rounds 1000 --json figures.json
  UNDERSTUDY_PROGRAMS=/opt/understudy/bin Scripts/endurance --quick power
                                          programs that are already built"""
WANTED = ("understudyd", "understudy-capture", "dtcl")
NEEDED = {"mkfs.ext4": "e2fsprogs", "losetup": "mount"}


def arguments(words, trials):
    width = max(len(name) for name in trials)
    listed = "\n".join(f"  {name.ljust(width)}  {kind.summary}" for name, kind in trials.items())
    parser = argparse.ArgumentParser(
        prog="Scripts/endurance", description=f"{DESCRIPTION}\n\ntrials:\n{listed}",
        epilog=EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("trial", nargs="*", metavar="TRIAL", help="default: all")
    parser.add_argument("--quick", action="store_true", help="a few short rounds of each")
    parser.add_argument("--rounds", type=int, metavar="N", help="rounds of each trial")
    parser.add_argument("--seed", type=int, metavar="S", help="of the first round; then S + 1 ...")
    parser.add_argument("--json", metavar="FILE", help="writes all figures and failures into FILE")
    parser.add_argument("--stop", action="store_true", help="ends at the first failure")
    parser.add_argument(
        "--keep", metavar="FOLDER", default="/var/tmp/understudy-endurance",
        help="where a failure's evidence goes (default: %(default)s)")
    given = parser.parse_args(words)
    for name in given.trial:
        if name not in trials:
            parser.error(f"'{name}' is none of {', '.join(trials)}")
    if given.rounds is not None and given.rounds < 1:
        parser.error(f"--rounds: got {given.rounds}, expected 1 or more")
    return given


def tell(text):
    print(text, file=sys.stderr, flush=True)


class Course:
    """All rounds of one trial."""

    def __init__(self, trial, given, seed):
        self.trial, self.given, self.seed = trial, given, seed
        self.rounds = given.rounds or (trial.quick_rounds if given.quick else trial.rounds)
        self.failures = []
        self.done = 0
        self.seconds = 0.0
        self.is_open = False

    def run(self):
        begun = time.monotonic()
        tell(f"== {self.trial.name}, {self.rounds} rounds from seed {self.seed}")
        try:
            for number in range(1, self.rounds + 1):
                self.one(Round(number, self.seed + number - 1, self.given.quick))
                if self.failures and self.given.stop:
                    break
        finally:
            self.close()
            self.seconds = time.monotonic() - begun

    def one(self, round):
        head = f"{self.trial.name} {round.number}/{self.rounds} seed {round.seed}"
        try:
            if not self.is_open:
                self.is_open = True
                self.trial.open()
            round.begun = time.monotonic()
            self.trial.about = ""
            words = self.trial.round(round) or ""
            tell(f"{head}: {time.monotonic() - round.begun:.1f} s, {words}")
        except (RoundFailure, NoResult, subprocess.SubprocessError, OSError) as problem:
            if not isinstance(problem, RoundFailure) and round.number == 1:
                raise
            tell(f"{head}: FAILED: {problem}")
            self.keep(round, problem)
            self.close()
        self.done += 1

    def keep(self, round, problem):
        folder = os.path.join(self.given.keep, f"{self.trial.name}-{round.seed}")
        shutil.rmtree(folder, ignore_errors=True)
        os.makedirs(folder)
        with open(os.path.join(folder, "problem.txt"), "w") as file:
            file.write(
                f"trial {self.trial.name}, round {round.number}\n"
                f"Scripts/endurance {self.trial.name} --seed {round.seed} --rounds 1\n\n"
                f"{self.trial.about}\n{problem}\n")
            if not isinstance(problem, RoundFailure):
                traceback.print_exception(problem, file=file)
        try:
            self.trial.evidence(folder)
        except Exception as other:  # What was kept so far is better than nothing.
            tell(f"while keeping evidence: {other}")
        tell(f"evidence is in '{folder}'")
        self.failures.append({"seed": round.seed, "problem": str(problem), "evidence": folder})

    def close(self):
        if self.is_open:
            self.is_open = False
            self.trial.close()

    def record(self):
        return {
            "rounds": self.done, "failures": self.failures, "seconds": round(self.seconds, 1),
            "figures": self.trial.figures(),
        }


def show(courses):
    for course in courses:
        verdict = f"{len(course.failures)} FAILED" if course.failures else "all promises kept"
        print(f"{course.trial.name}: {course.done} rounds, {course.seconds:.0f} s, {verdict}")
        for name, value in course.trial.figures().items():
            if isinstance(value, dict):
                print(f"  {name}: median {value['median']:.4g}, largest {value['largest']:.4g}")
            else:
                print(f"  {name}: {value}")
        for failure in course.failures:
            first = failure["problem"].splitlines()[0]
            print(f"  seed {failure['seed']}: {first}; evidence in '{failure['evidence']}'")


def main(words):
    # Whoever starts this may have blocked signals; applications and their ends need them.
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    trials = all_trials()
    given = arguments(words, trials)
    names = [name for name in trials if name in given.trial] or list(trials)
    seed = given.seed if given.seed is not None else random.randrange(1, 1 << 30)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    courses = []
    try:
        check_machine(
            NEEDED | {tool: package for name in names
                      for tool, package in trials[name].needed.items()})
        separate()
        programs = Programs.given_or_built(WANTED)
        for name in names:
            courses.append(Course(trials[name](programs, given.quick), given, seed))
            courses[-1].run()
            if courses[-1].failures and given.stop:
                break
    except (NoResult, subprocess.SubprocessError, OSError) as problem:
        tell(f"endurance: {problem}")
        return 2
    except KeyboardInterrupt:
        return 130
    finally:
        if given.json:
            write(given.json, seed, courses)
    show(courses)
    return 1 if any(course.failures for course in courses) else 0


def write(path, seed, courses):
    with open(path, "w") as file:
        json.dump(
            {
                "kernel": platform.release(), "seed": seed,
                "trials": {course.trial.name: course.record() for course in courses},
            }, file, indent=2)
        file.write("\n")
