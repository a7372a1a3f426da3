"""kill -9 of everything that Understudy runs, in turns and together, under load."""
import os
import signal
import time

from ..stage import Stage
from ..trial import RoundFailure, Trial


class Kill(Trial):
    name = "kill"
    summary = "kill -9 of daemons and captures under load: nothing lost, no application notices"
    place = 20
    rounds = 300
    quick_rounds = 7

    # What is killed; how often compared with the others.
    KINDS = [
        ("source", 3), ("target", 3), ("server", 3), ("keeper", 3), ("capture", 2),
        ("daemons", 2), ("all", 2),
    ]

    # Of files that were open when the mount ended, and of calls that waited then.
    NAMED_ERRORS = ("[Errno 107]", "[Errno 103]", "[Errno 5]")

    def open(self):
        # What is written while a daemon is away must fit: a full queue is another trial's affair.
        self.stage = Stage(self.programs, source_settings="journalMemoryMB: 512\n").begin()
        self.stage.protect()

        self.kills = []

    def round(self, round):
        stage, chance = self.stage, round.chance
        kinds, weights = zip(*self.KINDS)
        if round.is_quick:
            # Each of them once.
            kind = kinds[(round.number - 1) % len(kinds)]
        else:
            kind = chance.choices(kinds, weights)[0]
        place = stage.log_place()
        self.about = f"kill of {kind}"
        application = stage.application(round.seed, chaos=chance.random() < 0.4)
        application.wait_for_steps(chance.randrange(20, 400))
        time.sleep(chance.random() * (0.3 if round.is_quick else 1.0))
        again = 1 if round.is_quick else chance.choice([1, 1, 1, 2, 3])
        for _ in range(again):
            self.kill(kind)
            time.sleep(chance.random() * 0.3)
        time.sleep(0.3 if round.is_quick else chance.choice([0.1, 0.5, 2]))
        gone = kind in ("capture", "all")
        try:
            application.stop()
        except RoundFailure as problem:
            # Docs/Operating.md: killing a capture's whole group ends its mount.
            if not gone or not any(text in str(problem) for text in self.NAMED_ERRORS):
                raise
            self.count("rounds with errors that Operating.md names")
        stage.wait_until_settled()
        stage.compare()
        sent = stage.mirrored(place)
        if sent is not None:
            round.require(gone, f"a kill of {kind} needed a resync")
            self.note("KiB that resyncs sent", sent / 1024)
        self.count(f"killed {kind}", again)
        if kind in ("server", "keeper"):
            self.count("takeovers", again)
        self.note("longest step, s", application.longest)
        stage.end_applications()
        return f"{kind}, longest step {application.longest * 1000:.0f} ms"

    def kill(self, kind):
        stage = self.stage
        if kind in ("server", "keeper"):
            keeper, server = self.pair()
            os.kill(server if kind == "server" else keeper, signal.SIGKILL)
        elif kind == "source":
            stage.alpha.kill()
            stage.alpha.start()
        elif kind == "target":
            stage.beta.kill()
            stage.beta.start()
        elif kind == "daemons":
            stage.alpha.kill()
            stage.beta.kill()
            stage.alpha.start(wait=False)
            stage.beta.start()
            stage.alpha.wait_for_start()
        elif kind == "capture":
            stage.alpha.kill_captures()
        elif kind == "all":
            stage.alpha.kill()
            stage.beta.kill()
            stage.alpha.kill_captures()
            stage.alpha.start(wait=False)
            stage.beta.start()
            stage.alpha.wait_for_start()

    def pair(self):
        """The capture's keeper and server, when there are just these two: while one takes over from
        the other, a kill may meet both. Docs/Operating.md allows four kills in ten seconds."""
        while len([one for one in self.kills if one > time.monotonic() - 11]) >= 4:
            time.sleep(0.05)
        until = time.monotonic() + 60
        while time.monotonic() < until:
            keepers, servers = self.stage.alpha.captures()
            if len(keepers) == len(servers) == 1:
                self.kills.append(time.monotonic())
                return keepers[0], servers[0]
            time.sleep(0.01)
        raise RoundFailure(f"the capture does not take over: {keepers}, {servers}")
