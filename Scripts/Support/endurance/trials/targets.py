"""One set at two targets: what happens to one of them does not concern the other."""
import os
import signal
import time

from ..disk import Disk
from ..side import Side
from ..stage import Stage
from ..trial import RoundFailure, Trial


class TwoTargets(Stage):
    """`gamma` (127.0.0.4) has a copy, too, at `far`, in connection 2."""

    def make(self):
        super().make()
        disk = Disk(self, "far", self.mebibytes[1])
        self.gamma = Side(
            self, self.programs, "gamma", "127.0.0.4", self.beta.port, disk, self.settings[1])
        self.far = os.path.join(disk.path, "copy")

    def words(self, text, is_json=False):
        words = super().words(text, is_json)
        gamma = f"gamma=unix:{self.gamma.socket}"
        return words[:1] + ["--server", gamma] + words[1:]

    def protect(self, objects=100):
        self.gamma.start()
        super().protect(objects)
        self.say(
            f"login alpha; login gamma; source alpha; connect all to gamma map '{self.folder}' to "
            f"'{self.far}' mirror full; waitonmirror 2 timeout 5 minutes")
        self.settle_both()

    def of(self, connection, call, *words, **options):
        """A call of the stage for this connection."""
        self.connection = connection
        try:
            return call(*words, **options)
        finally:
            self.connection = 1

    def settle_both(self, seconds=60):
        for connection in (1, 2):
            self.of(connection, self.wait_until_settled, seconds=seconds)

    def compare(self):
        super().compare()
        super().compare(copy=self.far)

    def take_down(self):
        gamma = getattr(self, "gamma", None)
        if gamma is not None:
            self.note_memory(gamma.state)
            if gamma.process is not None and gamma.process.poll() is None:
                gamma.kill()
        super().take_down()


class Targets(Trial):
    name = "targets"
    summary = "two targets of one set: one that is away or behind does not disturb the other"
    place = 80
    rounds = 30
    quick_rounds = 3

    KINDS = ["stopped", "killed", "paused", "overflow"]

    def open(self):
        self.stage = TwoTargets(
            self.programs, mebibytes=768,
            source_settings="journalMemoryMB: 32\nqueueDiskMB: 16\n").begin()
        self.stage.protect()

    def round(self, round):
        stage, chance = self.stage, round.chance
        kind = (
            self.KINDS[(round.number * 3) % len(self.KINDS)] if round.is_quick
            else chance.choice(self.KINDS))
        away, number, good = chance.choice([(stage.beta, 1, 2), (stage.gamma, 2, 1)])
        asked = self.resyncs()
        application = stage.application(round.seed, rate=1000)
        application.wait_for_steps(100)
        self.begin(kind, away)
        seconds = 1 if round.is_quick else chance.uniform(0.5, 4)
        self.watch(good, seconds)
        if kind == "overflow":
            self.overflow(good)
        begun = time.monotonic()
        self.end(kind, away)
        # The other one goes on while this one comes back.
        self.watch(good, seconds)
        application.stop()
        stage.settle_both(seconds=120)
        took = time.monotonic() - begun
        stage.compare()
        new = self.resyncs()[len(asked):]
        round.require(
            all(line.endswith(f"connection={number}") for line in new),
            f"the other target was put right, too: {new}")
        round.require(
            kind != "overflow" or new, "no resync although the queue was full several times over")
        self.count(kind)
        self.count("resyncs", len(new))
        self.note("both equal again, s", took)
        self.note("longest step, s", application.longest)
        stage.end_applications()
        return f"{kind}, {away.name}, {len(new)} resyncs, equal after {took:.1f} s"

    def resyncs(self):
        return [
            line for line in self.stage.alpha.log_text().splitlines()
            if "a resync is needed" in line
        ]

    def begin(self, kind, away):
        if kind == "paused":
            away.process.send_signal(signal.SIGSTOP)
        elif kind == "killed":
            away.kill()
        else:
            away.stop()

    def end(self, kind, away):
        if kind == "paused":
            away.process.send_signal(signal.SIGCONT)
        else:
            away.start()

    def overflow(self, good):
        for number in range(8):
            with open(os.path.join(self.stage.folder, f"big-{number % 3}"), "wb") as file:
                for _ in range(16):
                    file.write(os.urandom(1 << 20))
            self.watch(good, 0)

    def watch(self, connection, seconds):
        """The state of that connection is OK all the time, and it goes on."""
        until = time.monotonic() + seconds
        first = self.stage.of(connection, self.stage.status)
        while True:
            status = self.stage.of(connection, self.stage.status)
            if status["targetState"] != "OK":
                raise RoundFailure(f"the other target is not OK: {status}")
            if time.monotonic() >= until:
                break
        if seconds >= 1 and status["appliedSequence"] == first["appliedSequence"]:
            raise RoundFailure(f"the other target stands still: {status}")
