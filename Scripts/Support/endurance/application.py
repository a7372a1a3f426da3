#!/usr/bin/env python3
"""The application: processes that work in a folder, each through a ledger of its own.

Run as a program: application FOLDER SEED NOTES RATE [stubborn]. It works until it is ended by SIGTERM (a
stubborn one tries a step again, with its files opened anew, while the folder is not there), and keeps in the
file NOTES (mapped; it must not lie on a disk that is cut): steps begun, steps done, nanoseconds of the
longest step, kind of that step, number of errors, text of the first error.
"""
import errno
import mmap
import os
import signal
import struct
import subprocess
import sys
import time

if __name__ == "__main__":
    sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), ".."))
    sys.dont_write_bytecode = True

from endurance.ledger import Ledger, Moment, read_tree  # noqa: E402
from endurance.trial import RoundFailure  # noqa: E402

NOTES = struct.Struct("<QQQ16sQ400s")
# What a folder answers whose capture is gone.
GONE = {errno.ENOTCONN, errno.ECONNABORTED, errno.EIO}
CHAOS = os.path.join(
    os.path.dirname(os.path.realpath(__file__)), "..", "..", "..", "Tests", "EndToEndTests",
    "Support", "workload")


class Hands:
    """Does a ledger's steps to a real folder; files stay open as applications have them."""

    OPEN_MAX = 6

    def __init__(self, folder, ledger):
        self.folder, self.ledger = folder, ledger
        self.open = {}

    def path(self, relative):
        return os.path.join(self.folder, relative)

    def descriptor(self, path):
        node = self.ledger.files[path]
        if node not in self.open:
            if len(self.open) >= self.OPEN_MAX:
                os.close(self.open.pop(next(iter(self.open))))
            self.open[node] = os.open(self.path(path), os.O_RDWR)
        return self.open[node]

    def let_go(self):
        """Closes all files."""
        for descriptor in self.open.values():
            try:
                os.close(descriptor)
            except OSError:
                continue
        self.open.clear()

    def do_stubbornly(self, step):
        until = time.monotonic() + 10
        while True:
            try:
                return self.do(step)
            except OSError as error:
                # Another error: an earlier step, or an earlier try of this one, was answered with an
                # error and may have been done all the same.
                if error.errno not in GONE or time.monotonic() > until:
                    return None
                self.let_go()
                time.sleep(0.0005)

    def do(self, step):
        kind, path = step[0], step[1]
        if kind == "create":
            os.close(os.open(self.path(path), os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644))
        elif kind == "write":
            done = os.pwrite(self.descriptor(path), step[3], step[2])
            if done != len(step[3]):
                raise OSError(f"wrote {done} of {len(step[3])} bytes")
        elif kind == "truncate":
            os.ftruncate(self.descriptor(path), step[2])
        elif kind in ("rename", "move"):
            os.rename(self.path(path), self.path(step[2]))
        elif kind == "unlink":
            os.unlink(self.path(path))
        elif kind == "mkdir":
            os.mkdir(self.path(path))
        elif kind == "rmdir":
            os.rmdir(self.path(path))
        elif kind == "fsync":
            os.fsync(self.descriptor(path))
        elif kind == "fsyncdir":
            descriptor = os.open(self.path(path), os.O_RDONLY | os.O_DIRECTORY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)


def work(folder, seed, notes, rate, is_stubborn):
    ledger = Ledger(read_tree(folder), seed)
    hands = Hands(folder, ledger)
    begun = done = longest = errors = 0
    kind = first = b""
    ending = []
    signal.signal(signal.SIGTERM, lambda *_: ending.append(True))
    start = time.monotonic()
    # After an error the folder may be any; and a file that is opened while it is not captured would
    # be written to around the capture.
    while not ending and not errors:
        step = ledger.next()
        begun += 1
        struct.pack_into("<Q", notes, 0, begun)
        before = time.monotonic_ns()
        try:
            if is_stubborn:
                hands.do_stubbornly(step)
            else:
                hands.do(step)
        except OSError as error:
            errors += 1
            first = first or f"step {begun}, {step[:3]!r:.150}: {error}".encode()[:400]
        spent = time.monotonic_ns() - before
        done += 1
        if spent > longest:
            longest, kind = spent, step[0].encode()
        NOTES.pack_into(notes, 0, begun, done, longest, kind, errors, first)
        # Not more than a rate: how much is written in a round is what the trial wants.
        ahead = start + done / rate - time.monotonic()
        if ahead > 0.002:
            time.sleep(ahead)


class Application:
    """`processes` ledgers in folders `ledger-N` of the captured folder, and with `chaos` the random
    workload of the tests beside them. A stubborn one outlives its captures; what it did then no ledger
    tells. Made by `Stage.application`."""

    def __init__(
            self, stage, folder, seed, processes=2, rate=1500, chaos=False, is_stubborn=False):
        self.stage, self.folder, self.seed = stage, folder, seed
        self.parts = []
        self.before = {}
        self.chaos = None
        for number in range(processes):
            relative = f"ledger-{number}"
            os.makedirs(os.path.join(folder, relative), exist_ok=True)
            self.before[relative] = read_tree(os.path.join(stage.plain, relative))
            notes = stage.path(f"notes-{number}")
            with open(notes, "wb") as file:
                file.write(bytes(NOTES.size))
            process = stage.start(
                [sys.executable, __file__, os.path.join(folder, relative), str(seed + number),
                 notes, str(rate)] + (["stubborn"] if is_stubborn else []), log=stage.path("application.log"))
            self.parts.append((relative, seed + number, notes, process))
        if chaos:
            os.makedirs(os.path.join(folder, "chaos"), exist_ok=True)
            self.chaos = stage.start(
                [sys.executable, CHAOS, os.path.join(folder, "chaos"), str(seed), "600", "1", "2"],
                log=stage.path("chaos.log"), start_new_session=True)

    def notes(self):
        """Of each ledger: begun, done, longest (s), its kind, errors, first error."""
        found = []
        for _, _, path, _ in self.parts:
            with open(path, "rb") as file:
                begun, done, longest, kind, errors, first = NOTES.unpack(file.read(NOTES.size))
            found.append((
                begun, done, longest / 1e9, kind.rstrip(b"\0").decode(), errors,
                first.rstrip(b"\0").decode(errors="replace")))
        return found

    @property
    def steps(self):
        return sum(note[1] for note in self.notes())

    @property
    def longest(self):
        """Seconds of the longest step: the longest pause that was noticed."""
        return max(note[2] for note in self.notes())

    def wait_for_steps(self, count, seconds=120):
        """Until each ledger has done so many steps."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            if min(note[1] for note in self.notes()) >= count:
                return
            time.sleep(0.005)
        raise RoundFailure(f"the application does not get on: {self.notes()}")

    def stop(self):
        """Ends it in order; RoundFailure when a step failed."""
        for _, _, _, process in self.parts:
            process.terminate()
        for _, _, _, process in self.parts:
            try:
                process.wait(120)
            except subprocess.TimeoutExpired:
                raise RoundFailure(f"the application hangs: {self.notes()}") from None
            self.stage.forget(process)
        self.kill()
        errors = [note[5] for note in self.notes() if note[4]]
        if errors:
            raise RoundFailure("the application met an error: " + "; ".join(errors))

    def kill(self):
        """kill -9 of all of it."""
        processes = [process for _, _, _, process in self.parts]
        for process in processes:
            if process.poll() is None:
                process.kill()
        if self.chaos is not None:
            try:
                os.killpg(self.chaos.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
            processes.append(self.chaos)
        for process in processes:
            process.wait()
            self.stage.forget(process)
        self.chaos = None

    def require_moment(self, copy):
        """RoundFailure unless each ledger's folder in `copy` shows a state that it had: R1.

        Answers how many steps each copy was behind."""
        behind = []
        for (relative, seed, _, _), note in zip(self.parts, self.notes()):
            found = read_tree(os.path.join(copy, relative))
            moment = Moment(self.before[relative], seed, found)
            step, wrong = moment.search(note[0])
            if wrong is not None:
                lines = moment.explain(self.before[relative], seed, step)
                raise RoundFailure(
                    f"{relative} shows a state that the source never had; nearest is the one after "
                    f"step {step} of {note[0]}:\n" + "\n".join(lines[:40]))
            behind.append(note[1] - step)
        return behind

    def keep_evidence(self, folder):
        with open(os.path.join(folder, "application.txt"), "w") as file:
            for part, note in zip(self.parts, self.notes()):
                file.write(f"{part[0]} seed {part[1]}: {note}\n")


if __name__ == "__main__":
    with open(sys.argv[3], "r+b") as opened:
        work(sys.argv[1], int(sys.argv[2]), mmap.mmap(opened.fileno(), NOTES.size),
             float(sys.argv[4]), sys.argv[5:] == ["stubborn"])
