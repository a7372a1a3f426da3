"""SYNC says OK only when everything that was written before it is at the targets that it names."""
import mmap
import os
import random
import signal
import subprocess
import threading
import time

from common.workshop import NoResult

from ..trial import RoundFailure, Trial
from .targets import TwoTargets


class Numbers:
    """Writes rising numbers in several ways, and knows what a copy must show."""

    SLOTS, STRIDE = 48, 64 << 10

    def __init__(self, folder, chance):
        self.folder, self.chance, self.number = folder, chance, 0
        os.makedirs(folder, exist_ok=True)
        self.slots = os.open(self.path("slots"), os.O_RDWR | os.O_CREAT)
        self.mapped = os.open(self.path("mapped"), os.O_RDWR | os.O_CREAT)
        for descriptor in (self.slots, self.mapped):
            os.ftruncate(descriptor, self.SLOTS * self.STRIDE)
        self.map = mmap.mmap(self.mapped, self.SLOTS * self.STRIDE)
        self.expected = {}
        self.ways = [self.store, self.store, self.write, self.write, self.save, self.rename]
        for way in self.ways:
            way()

    def path(self, name):
        return os.path.join(self.folder, name)

    def close(self):
        self.map.close()
        for descriptor in (self.slots, self.mapped):
            os.close(descriptor)

    def burst(self, count):
        for _ in range(count):
            self.chance.choice(self.ways)()

    def next(self):
        self.number += 1
        return self.number, self.number.to_bytes(8, "little")

    def place(self):
        return self.chance.randrange(self.SLOTS) * self.STRIDE + self.chance.randrange(4) * 4096

    def write(self):
        (_, text), place = self.next(), self.place()
        os.pwrite(self.slots, text, place)
        self.expected["slots", place] = text

    def store(self):
        """Through a shared mapping, many pages of it now and then."""
        _, text = self.next()
        for _ in range(self.chance.choice([1, 1, 40])):
            place = self.place()
            self.map[place:place + 8] = text
            self.expected["mapped", place] = text

    def save(self):
        """As editors do: a new file in the place of the old one."""
        _, text = self.next()
        with open(self.path("saving"), "wb") as file:
            file.write(text)
        os.rename(self.path("saving"), self.path("saved"))
        self.expected["saved", 0] = text

    def rename(self):
        """A file that is called after the number, and was called after the one before."""
        number, text = self.next()
        old = self.expected.get("name")
        new = self.path(f"name-{number}")
        if old is None:
            open(new, "wb").close()
        else:
            os.rename(self.path(old), new)
        self.expected["name"] = f"name-{number}"

    def big(self, mebibytes):
        """Noise that fills queues."""
        for _ in range(mebibytes // 5):
            with open(self.path(f"big-{self.chance.randrange(3)}"), "wb") as file:
                file.write(random.randbytes(5 << 20))

    def lacking(self, copy):
        """What a copy does not show of all that was written; empty where it shows everything."""
        found = []
        folder = os.path.join(copy, os.path.basename(self.folder))
        for key, wanted in self.expected.items():
            try:
                if key == "name":
                    names = [name for name in os.listdir(folder) if name.startswith("name-")]
                    if names != [wanted]:
                        found.append(f"names {names}, expected {wanted}")
                    continue
                with open(os.path.join(folder, key[0]), "rb") as file:
                    got = os.pread(file.fileno(), 8, key[1])
                if got != wanted:
                    numbers = [int.from_bytes(one, "little") for one in (got, wanted)]
                    found.append(f"{key[0]} at {key[1]}: got {numbers[0]}, expected {numbers[1]}")
            except OSError as problem:
                found.append(f"{key}: {problem}")
        return found


class Client:
    """A SYNC on its way."""

    def __init__(self, stage, which, seconds):
        self.which, self.seconds = which, seconds
        self.ended, self.said = None, ""
        self.begun = time.monotonic()
        self.process = subprocess.Popen(
            stage.words(f"source alpha; sync {which} timeout {seconds} seconds"),
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        stage.processes.append(self.process)
        self.thread = threading.Thread(target=self.wait)
        self.thread.start()

    def wait(self):
        self.said = self.process.communicate()[1].strip()
        self.ended = time.monotonic()

    @property
    def is_good(self):
        return self.process.returncode == 0


class Sync(Trial):
    name = "sync"
    summary = "SYNC says OK only when everything written before it is at the targets it names"
    place = 85
    rounds = 40
    quick_rounds = 3
    needed = {"ss": "iproute2"}

    EVENTS = [
        ("nothing", 6), ("pause", 4), ("go on", 6), ("kill", 3), ("start", 6), ("cut link", 2),
        ("mirror", 2), ("full mirror", 1), ("stop mirror", 2), ("kill server", 1),
    ]
    # Beyond its own limit, on a machine that is busy.
    LATE_SECONDS = 10

    def open(self):
        self.stage = TwoTargets(
            self.programs, mebibytes=768,
            source_settings="journalMemoryMB: 32\nqueueDiskMB: 0\n").begin()
        self.stage.protect()
        self.numbers = None

    def close(self):
        if getattr(self, "numbers", None) is not None:
            self.numbers.close()
            self.numbers = None
        super().close()

    def round(self, round):
        stage, self.chance = self.stage, round.chance
        if self.numbers is not None:
            self.numbers.close()
        self.numbers = Numbers(os.path.join(stage.folder, f"numbers-{round.number}"), self.chance)
        self.paused, self.dead, self.full_until = set(), set(), 0
        self.looked = 0
        until = time.monotonic() + (8 if round.is_quick else 25)
        while time.monotonic() < until:
            self.turn()
        for side in (stage.beta, stage.gamma):
            self.revive(side)
        # What was stopped is a person's to begin again.
        for connection in (1, 2):
            if self.state(connection) == "Mirror Required":
                self.try_to(f"mirror start {connection} different")
        stage.settle_both(seconds=180)
        stage.compare()
        return f"SYNC was right {self.looked} times"

    def state(self, connection, seconds=60):
        """Of a target that is reached again."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            state = self.stage.of(connection, self.stage.status)["targetState"]
            if state not in ("Unknown", "Error"):
                return state
            time.sleep(0.05)
        raise RoundFailure(f"the target of connection {connection} is not reached: {state}")

    def turn(self):
        """Something is written; whoever says that it is there must be right."""
        chance, stage = self.chance, self.stage
        if chance.random() < 0.3:
            self.numbers.big(chance.choice([5, 20, 60]))
        self.numbers.burst(chance.choice([1, 5, 50]))
        clients = [
            Client(stage, chance.choice(["1", "2", "*"]), chance.choice([0.3, 1, 3, 8]))
            for _ in range(chance.choice([1, 1, 2, 3]))
        ]
        self.about = "events since the last write: "
        left = clients
        while left:
            still = []
            for client in left:
                if client.ended is None:
                    if time.monotonic() > client.begun + client.seconds + self.LATE_SECONDS:
                        raise RoundFailure(
                            f"SYNC {client.which} with {client.seconds} s is not over after "
                            f"{time.monotonic() - client.begun:.1f} s")
                    still.append(client)
                else:
                    self.look(client)
            left = still
            if left:
                self.event()
                time.sleep(chance.choice([0, 0.02, 0.2]))

    def look(self, client):
        client.thread.join()
        self.stage.forget(client.process)
        self.note("seconds beyond the limit", client.ended - client.begun - client.seconds)
        if not client.is_good:
            self.count("SYNC said no")
            return
        self.count("SYNC said OK")
        if client.ended < self.full_until:
            # A mirror that begins after it takes files away before it brings them.
            return
        copies = {"1": [self.stage.copy], "2": [self.stage.far]}.get(
            client.which, [self.stage.copy, self.stage.far])
        for copy in copies:
            lacking = self.numbers.lacking(copy)
            if lacking:
                raise RoundFailure(
                    f"SYNC {client.which} said OK after {client.ended - client.begun:.2f} s, and "
                    f"'{copy}' lacks:\n" + "\n".join(lacking[:20]))
        self.looked += 1

    # What happens meanwhile

    def event(self):
        stage, chance = self.stage, self.chance
        kinds, weights = zip(*self.EVENTS)
        kind = chance.choices(kinds, weights)[0]
        side, connection = chance.choice([(stage.beta, 1), (stage.gamma, 2)])
        self.about += f"{kind} {connection}, "
        self.count(kind)
        if kind == "pause" and side not in self.dead:
            side.process.send_signal(signal.SIGSTOP)
            self.paused.add(side)
        elif kind == "go on":
            self.go_on(side)
        elif kind == "kill" and side not in self.dead:
            side.kill()
            self.paused.discard(side)
            self.dead.add(side)
        elif kind == "start":
            self.revive(side)
        elif kind == "cut link":
            subprocess.run(
                ["ss", "-K", "dst", side.address, "dport", "=", str(side.port)],
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
        elif kind == "mirror":
            self.try_to(f"mirror start {connection} different")
        elif kind == "full mirror":
            self.full_until = float("inf")
            self.try_to(f"mirror start {connection} full")
            self.full_until = time.monotonic()
        elif kind == "stop mirror":
            # It goes on with one that somebody asks for.
            self.try_to(f"mirror stop {connection}; mirror start {connection} different")
        elif kind == "kill server":
            servers = stage.alpha.captures()[1]
            if servers:
                os.kill(chance.choice(servers), signal.SIGKILL)
                time.sleep(2.1)

    def go_on(self, side):
        if side in self.paused:
            side.process.send_signal(signal.SIGCONT)
            self.paused.discard(side)

    def revive(self, side):
        self.go_on(side)
        if side in self.dead:
            self.dead.discard(side)
            side.start()

    def try_to(self, text):
        """It may be impossible just now."""
        try:
            self.stage.say(f"source alpha; {text}", timeout=60)
        except NoResult:
            self.count("refused")
