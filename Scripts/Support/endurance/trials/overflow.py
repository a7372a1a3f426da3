"""Much more than all queues hold, while the target is away."""
import os
import time

from common.programs import ROOT
from common.workshop import run

from ..stage import Stage
from ..trial import Trial

CHURN = os.path.join(ROOT, "Scripts", "Support", "churn")


class Overflow(Trial):
    name = "overflow"
    summary = "ten times more than the queues hold: nobody waits, what differs is sent once"
    place = 60
    rounds = 5
    quick_rounds = 2
    # MiB written in all, and in different places.
    AMOUNT, QUICK_AMOUNT = (10240, 1024), (600, 60)

    def open(self):
        self.total, self.distinct = self.QUICK_AMOUNT if self.is_quick else self.AMOUNT
        # Each round leaves files that the next one writes to.
        self.stage = Stage(
            self.programs, mebibytes=self.distinct * 2 + 400,
            source_settings="journalMemoryMB: 64\nqueueDiskMB: 64\n").begin()
        self.stage.protect()

    def round(self, round):
        stage = self.stage
        before = self.sent()
        # A target that is away, dies or is only slow to answer.
        kind = round.chance.choice(["stopped", "killed"])
        stage.beta.stop() if kind == "stopped" else stage.beta.kill()
        begun = time.monotonic()
        said = run(CHURN, stage.folder, str(round.seed), str(self.total), str(self.distinct))
        wrote = time.monotonic() - begun
        words = said.split()
        longest, call, dirty = float(words[1]), words[2], int(words[4])
        begun = time.monotonic()
        stage.beta.start()
        stage.wait_until_settled(seconds=300)
        took = time.monotonic() - begun
        sent = self.sent() - before
        stage.compare()
        self.note("longest call, s", longest)
        self.note("sent / distinct dirty bytes", sent / dirty)
        self.note("catching up, s", took)
        self.note("written, MB/s", self.total / wrote)
        round.require(longest < 1, f"a call ({call}) took {longest:.2f} s")
        round.require(
            sent <= 1.1 * dirty, f"{sent} bytes were sent for {dirty} bytes that differed")
        return (f"longest call {longest * 1000:.0f} ms ({call}), {sent / dirty:.3f} of {dirty >> 20}"
                f" MiB sent in {took:.1f} s, written with {self.total / wrote:.0f} MB/s")

    def sent(self):
        status = self.stage.status()
        return status["mirrorBytesTransferred"] + status["replicationBytesTransferred"]
