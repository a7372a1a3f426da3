"""The whole capture is killed under applications that do not give up: they open files again while the
folder is not captured, and write on to them around the next capture."""
import mmap
import os
import signal
import subprocess
import time

from ..stage import Stage
from ..trial import RoundFailure, Trial


class Held:
    """A file that stays open from the moment when its folder was not captured, perhaps only mapped."""

    def __init__(self, path, plain, is_mapped):
        until = time.monotonic() + 20
        while True:
            try:
                self.descriptor = os.open(path, os.O_RDWR)
                break
            except OSError:
                # The mount of the capture that was killed is still there.
                if time.monotonic() > until:
                    raise
        self.is_around = os.fstat(self.descriptor).st_dev == os.stat(plain).st_dev
        self.size = os.fstat(self.descriptor).st_size
        self.map = None
        # Mapped through a capture that is killed later, it would end us.
        if is_mapped and self.is_around:
            self.map = mmap.mmap(self.descriptor, self.size)
            os.close(self.descriptor)

    def change(self, chance):
        place, content = chance.randrange(self.size - 100), chance.randbytes(chance.randrange(1, 100))
        if self.map is not None:
            self.map[place:place + len(content)] = content
            return
        if not self.is_around:
            return
        before = os.fstat(self.descriptor)
        os.pwrite(self.descriptor, content, place)
        if chance.random() < 0.5:
            # Only the content tells.
            os.utime(self.descriptor, ns=(before.st_atime_ns, before.st_mtime_ns))

    def close(self):
        if self.map is not None:
            self.map.close()
        else:
            os.close(self.descriptor)


class Around(Trial):
    name = "around"
    summary = "captures killed as a whole, files written to around the next: named, and copied"
    place = 25
    rounds = 100
    quick_rounds = 3

    # For how long after the kill nothing captures the folder, in seconds; 0: as short as can be.
    LATE = [0, 0, 0, 0.05, 0.3]
    NAMED = "written around the mount: "

    def open(self):
        self.stage = Stage(self.programs, source_settings="journalMemoryMB: 512\n").begin()
        self.stage.protect()

    def round(self, round):
        stage, chance = self.stage, round.chance
        place = stage.log_place()
        kind = chance.choice(["capture", "capture", "all"])
        again = chance.choice([1, 1, 2])
        self.about = f"kill of {kind}, {again} times"
        victim = os.path.join(stage.folder, "victim")
        with open(victim, "ab") as file:
            file.truncate(200_000)
        application = stage.application(
            round.seed, chaos=chance.random() < 0.3, is_stubborn=True)
        application.wait_for_steps(chance.randrange(20, 300))
        held = []
        for _ in range(again):
            self.kill(kind, chance.choice(self.LATE))
            if chance.random() < 0.7:
                held.append(Held(victim, stage.plain, is_mapped=chance.random() < 0.3))
            self.let_go_on(kind)
            time.sleep(chance.random())
        for one in held:
            one.change(chance)
        application.stop()
        # Often after the resync has looked at them.
        time.sleep(chance.choice([0, 0.2, 1.5]))
        for one in held:
            one.change(chance)
            one.close()
        stage.wait_until_settled()
        # The copy may store zeros where the source has a hole: counted, not failed.
        self.count("files with zeros stored or not", stage.compare(holes=False))
        log = stage.alpha.log_text()[place:]
        sent = stage.mirrored(place)
        round.require(sent is not None, "nothing was compared after the capture was killed")
        named = {words.split(" by ")[0] for line in log.splitlines()
                 for words in line.split(self.NAMED)[1:] if " by " in words}
        if any(one.is_around for one in held):
            round.require(victim in named, "what was open around the mount was not named")
            self.count("rounds with a file held open around")
        if named - {victim}:
            self.count("rounds in which the ledgers wrote around")
        self.count(f"killed {kind}", again)
        self.note("KiB that resyncs sent", sent / 1024)
        self.note("longest step, s", application.longest)
        stage.end_applications()
        return f"{kind}, {len(named)} files open around"

    def kill(self, kind, late):
        stage = self.stage
        if kind == "all":
            stage.alpha.kill()
        elif late:
            os.kill(stage.alpha.process.pid, signal.SIGSTOP)
        stage.alpha.kill_captures()
        if kind == "all" or late:
            # As an administrator does it, or the start of the machine.
            subprocess.run(["umount", "-l", stage.folder], stderr=subprocess.DEVNULL)
            time.sleep(late)

    def let_go_on(self, kind):
        """Returns when the folder is captured again."""
        stage = self.stage
        if kind == "all":
            stage.alpha.start()
        else:
            os.kill(stage.alpha.process.pid, signal.SIGCONT)
        below = os.stat(stage.plain).st_dev
        until = time.monotonic() + 60
        while time.monotonic() < until:
            try:
                if os.stat(stage.folder).st_dev != below:
                    return
            except OSError:
                pass
            time.sleep(0.002)
        raise RoundFailure("the folder is not captured again")
