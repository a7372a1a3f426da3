"""Pairs of changes, and a reader at the target that must never see the second ahead of the first."""
import json
import os
import signal
import subprocess
import time

from common.programs import ROOT
from common.workshop import NoResult, run

from ..stage import Stage
from ..trial import RoundFailure, Trial

PAIRS = os.path.join(ROOT, "Scripts", "Support", "pairs")


class TwoFolders(Stage):
    """Two captured folders of the source's disk in one set, each with a copy."""

    def protect(self, objects=0):
        self.folders = [os.path.join(self.folder, name) for name in ("one", "other")]
        self.copies = [os.path.join(self.copy, name) for name in ("one", "other")]
        for folder in self.folders:
            os.mkdir(folder)
        self.alpha.start()
        self.beta.start()
        rules = "".join(f"repset rule add '{folder}' include to all; " for folder in self.folders)
        mounts = "".join(f"dtfs mount '{folder}'; " for folder in self.folders)
        maps = ", ".join(
            f"'{folder}' to '{copy}'" for folder, copy in zip(self.folders, self.copies))
        self.say(
            f"login alpha; login beta; source alpha; {mounts}repset create all; {rules}"
            f"repset save all; connect all to beta map {maps}; "
            f"waitonmirror {self.connection} timeout 5 minutes")
        self.wait_until_settled()

    def compare(self):
        for name in ("one", "other"):
            super().compare(os.path.join(self.plain, name), os.path.join(self.copy, name))


class Order(Trial):
    name = "order"
    summary = "a reader at the target never sees a change ahead of an earlier one"
    place = 50
    rounds = 20
    quick_rounds = 2
    needed = {"ss": "iproute2"}

    EVENTS = [
        ("kill target", 2), ("kill target in a batch", 4), ("kill source", 3), ("cut link", 4), ("kill server", 2),
        ("kill keeper", 1), ("stop target", 1), ("pause target", 1), ("nothing", 2),
    ]

    def open(self):
        self.stage = TwoFolders(self.programs).begin()
        self.stage.protect()

    def round(self, round):
        stage, chance = self.stage, round.chance
        self.excuses = []
        writer = self.start("write", stage.folders)
        reader = self.start("read", stage.copies)
        kinds, weights = zip(*self.EVENTS)
        until = time.monotonic() + (6 if round.is_quick else 30)
        done = 0
        while time.monotonic() < until:
            time.sleep(chance.uniform(0.1, 2.0))
            kind = chance.choices(kinds, weights)[0]
            self.event(kind, chance)
            self.count(kind)
            done += 1
        written = self.end(writer)
        stage.wait_until_settled()
        lines = [line.split() for line in self.end(reader).splitlines()]
        ahead = [line for line in lines if line[0] == "ahead"]
        wrong = [line for line in ahead if not self.excused(float(line[-1]))]
        seen = sum(int(line[2]) for line in lines if line[0] == "seen")
        pairs = sum(int(line.split()[2]) for line in written.splitlines())
        round.require(
            not wrong, f"{len(wrong)} of {seen} pairs were seen in the wrong order while the state "
            f"was OK:\n{wrong[:20]}")
        stage.compare()
        self.count("pairs written", pairs)
        self.count("pairs seen", seen)
        self.count("seen in the wrong order while the state was not OK", len(ahead))
        return f"{done} events, {pairs} pairs written, {seen} seen, {len(ahead)} while not OK"

    def start(self, what, folders):
        process = subprocess.Popen(
            [PAIRS, what, *folders], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.stage.processes.append(process)
        return process

    def end(self, process):
        process.send_signal(signal.SIGTERM)
        out, problems = process.communicate(timeout=60)
        self.stage.forget(process)
        if process.returncode != 0:
            raise RoundFailure(f"the pairs were disturbed: {problems}")
        return out

    def excused(self, moment):
        return any(begun <= moment <= ended for begun, ended in self.excuses)

    def event(self, kind, chance):
        stage = self.stage
        keepers, servers = stage.alpha.captures()
        if kind in ("kill target", "kill target in a batch", "stop target"):
            if kind == "kill target in a batch":
                # What piles up in a pause comes in batches of thousands.
                self.pause(chance.uniform(0.2, 1))
                time.sleep(chance.random() * 0.05)
            begun = time.monotonic()
            stage.beta.stop() if kind == "stop target" else stage.beta.kill()
            self.wait_for_state(lambda state: state != "OK")
            stage.beta.start()
            self.wait_for_state(lambda state: state == "OK")
            # A stop in good order leaves nothing half made.
            if kind != "stop target":
                self.excuses.append((begun, time.monotonic()))
        elif kind == "kill source":
            stage.alpha.kill()
            time.sleep(chance.random() * 0.3)
            stage.alpha.start()
        elif kind == "cut link":
            target = stage.beta
            run("ss", "-K", "dst", target.address, "dport", "=", str(target.port))
        elif kind == "kill server":
            os.kill(chance.choice(servers), signal.SIGKILL)
        elif kind == "kill keeper":
            os.kill(chance.choice(keepers), signal.SIGKILL)
        elif kind == "pause target":
            self.pause(chance.random())

    def pause(self, seconds):
        self.stage.beta.process.send_signal(signal.SIGSTOP)
        time.sleep(seconds)
        self.stage.beta.process.send_signal(signal.SIGCONT)

    def wait_for_state(self, is_it):
        until = time.monotonic() + 60
        status = None
        while time.monotonic() < until:
            try:
                status = self.stage.status()
                if is_it(status["targetState"]):
                    return
            except NoResult:
                pass
        raise RoundFailure(f"the state did not change in a minute: {json.dumps(status)}")
