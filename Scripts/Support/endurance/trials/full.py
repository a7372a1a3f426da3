"""A target's disk that is full, is full for long, or does not take what is written for a while."""
import os
import random
import time

from common.workshop import run

from ..stage import Stage
from ..trial import Trial

MIB = 1 << 20


class Full(Trial):
    name = "full"
    summary = "a full target disk: it waits, says so, skips nothing and goes on by itself"
    place = 70
    rounds = 30
    quick_rounds = 4

    # What gives the space back.
    KINDS = ["later deletion", "somebody", "somebody late", "overwriting"]
    STUCK_SECONDS = 3

    def open(self):
        self.stage = Stage(
            self.programs, mebibytes=512, target_mebibytes=160,
            source_settings=f"journalMemoryMB: 32\ntargetStuckSeconds: {self.STUCK_SECONDS}\n"
        ).begin()
        self.stage.protect()

    def path(self, name):
        return os.path.join(self.stage.folder, name)

    def put(self, name, mebibytes, seed):
        with open(self.path(name), "wb") as file:
            for _ in range(mebibytes):
                file.write(random.Random(seed).randbytes(MIB))

    def round(self, round):
        stage, chance = self.stage, round.chance
        kind = (
            self.KINDS[(round.number - 1) % len(self.KINDS)] if round.is_quick
            else chance.choice(self.KINDS))
        self.put("ballast", 60, round.seed)
        stage.wait_until_settled()
        before = stage.status()
        application = stage.application(round.seed, rate=300)
        application.wait_for_steps(20)
        others = os.path.join(stage.beta.disk.path, "of others")
        if kind in ("somebody", "somebody late"):
            self.fill(others)
        elif kind == "overwriting":
            self.fill(others, leave=20)
        # Together with the ballast more than there is, unless somebody else has the space.
        is_others = kind in ("somebody", "somebody late")
        self.put("big", 40 if is_others else 100, round.seed + 1)
        self.wait_for_retrying(round)
        if kind == "later deletion":
            os.unlink(self.path("ballast"))
        elif kind == "overwriting":
            # In the queue it is all, at the end it is little.
            os.truncate(self.path("big"), MIB)
        if kind == "somebody late":
            time.sleep(chance.uniform(1, 4) * self.STUCK_SECONDS)
        begun = time.monotonic()
        if os.path.exists(others):
            os.unlink(others)
        if kind == "overwriting":
            os.unlink(self.path("ballast"))
        application.wait_for_steps(application.steps + 20)
        application.stop()
        stage.wait_until_settled(seconds=120)
        took = time.monotonic() - begun
        stage.compare()
        after = stage.status()
        round.require(
            after["problems"] == before["problems"], f"there were problems: {after}")
        stage.end_applications()
        for name in ("ballast", "big"):
            if os.path.exists(self.path(name)):
                os.unlink(self.path(name))
        stage.wait_until_settled()
        self.count(kind)
        self.note(f"recovered from {kind}, s", took)
        self.note("longest step, s", application.longest)
        return f"{kind}, recovered in {took:.1f} s"

    def fill(self, path, leave=0):
        """Takes what is free on the target's disk, but for some MiB."""
        free = os.statvfs(self.stage.beta.disk.path)
        size = free.f_bavail * free.f_frsize - leave * MIB
        run("fallocate", "-l", str(max(size, MIB)), path)

    def wait_for_retrying(self, round, seconds=30):
        until = time.monotonic() + seconds
        status = None
        while time.monotonic() < until:
            status = self.stage.status()
            if status["targetState"] == "Retrying" and "space" in status["reason"]:
                return
            time.sleep(0.05)
        round.require(False, f"not Retrying for want of space: {status}")
