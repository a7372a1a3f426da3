"""Power cuts: a side's disk stops in the middle, its processes and its memory are gone."""
import ctypes
import glob
import os
import random
import threading
import time

from ..differ import born_since, count_objects, missing_bytes
from ..disk import LOG_FLUSH, NO_LOG_FLUSH, VolatileDisk
from ..stage import Stage
from ..trial import RoundFailure, Trial

LIBC = ctypes.CDLL(None, use_errno=True)
START_WRITING = 2


class Flusher(threading.Thread):
    """Writes back files at random, as the kernel does when memory is short: content reaches the disk
    before what belongs to it."""

    def __init__(self, folders, chance):
        super().__init__(daemon=True)
        self.folders, self.chance = folders, chance
        self.is_over = threading.Event()

    def run(self):
        while not self.is_over.wait(self.chance.random() * 0.02):
            for folder in self.folders:
                self.write_back(folder)

    def write_back(self, folder):
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK
        try:
            names = [
                os.path.join(place, name) for place, _, files in os.walk(folder) for name in files
            ]
            descriptor = os.open(self.chance.choice(names), flags)
        except (OSError, IndexError):
            return
        try:
            LIBC.sync_file_range(descriptor, ctypes.c_int64(0), ctypes.c_int64(0), START_WRITING)
        finally:
            os.close(descriptor)

    def end(self):
        self.is_over.set()
        self.join()


class Power(Trial):
    name = "power"
    summary = "power cuts of source, target or both: what the disk had decides, and both become equal"
    place = 10
    rounds = 300
    quick_rounds = 6

    SIDES = [("source",), ("target",), ("source", "target")]
    # How the disk stops: see Docs/Endurance.md.
    CUTS = ["log lost", "log flushed", "cache lost", "cache torn", "cache kept"]
    KEPT = {"cache lost": 0.0, "cache torn": 0.5, "cache kept": 1.0}

    # What a resync sends beside content: names, for each object about so many bytes at most.
    BYTES_AN_OBJECT = 512

    def open(self):
        self.stage = Stage(self.programs, disk=VolatileDisk).begin()
        self.stage.protect()
        # What was begun before is on the disks; the rounds are about what comes after.
        for side in (self.stage.alpha, self.stage.beta):
            side.disk.flush()
        self.flusher = None

    def close(self):
        self.end_flusher()
        super().close()

    def evidence(self, folder):
        self.end_flusher()
        super().evidence(folder)

    def end_flusher(self):
        if self.flusher is not None:
            self.flusher.end()
            self.flusher = None

    def round(self, round):
        stage, chance = self.stage, round.chance
        names = self.SIDES[round.number % 3] if round.is_quick else chance.choice(self.SIDES)
        kind = self.CUTS[round.number % 5] if round.is_quick else chance.choice(self.CUTS)
        sides = [{"source": stage.alpha, "target": stage.beta}[name] for name in names]
        before = stage.status()
        application = stage.application(round.seed, chaos=chance.random() < 0.4)
        if chance.random() < 0.7:
            self.flusher = Flusher(
                [stage.plain, stage.copy], random.Random(chance.randrange(1 << 30)))
            self.flusher.start()
        application.wait_for_steps(chance.randrange(20, 400))
        time.sleep(chance.random() * (0.3 if round.is_quick else 1.5))
        if chance.random() < 0.3:
            chance.choice(sides).disk.flush()
            time.sleep(chance.random() * 0.1)
        self.about = f"cut of {' and '.join(names)}, {kind}"
        cut = self.cut(round, sides, kind, application)
        if "source" not in names:
            cut.at = stage.status()
            self.target_comes_back(round, application, cut)
        else:
            self.source_comes_back(sides, names, application, cut)
        after = stage.wait_until_settled()
        # What was allocated and not written at the cut reads as zeros; once it was read, the file
        # system calls it data.
        self.count("files with zeros stored or not", stage.compare(holes=False))
        self.look_at_bytes(cut)
        if cut.at:
            self.look_at_changes(before, cut.at, after)
        self.count(f"cut {' and '.join(names)}")
        self.count(kind)
        self.note("longest step, s", application.longest)
        stage.end_applications()
        return f"{' and '.join(names)}, {kind}: {cut.words()}"

    def cut(self, round, sides, kind, application):
        stage = self.stage
        cut = Cut(stage, sides, kind)
        for side in sides:
            if side is stage.alpha:
                application.kill()
            side.process.kill()
            side.kill_captures()
            if kind in self.KEPT:
                cut.told.append(side.disk.lose_cache(self.KEPT[kind], round.seed))
            side.disk.shut_down(LOG_FLUSH if kind == "log flushed" else NO_LOG_FLUSH)
        self.end_flusher()
        for side in sides:
            side.process.wait()
            stage.forget(side.process)
            side.lose_memory()
            side.disk.end()
            side.disk.begin()
        return cut

    def source_comes_back(self, sides, names, application, cut):
        """The target must have stood still in a state that the source had, and may get what it
        lacks, but not more."""
        stage = self.stage
        if "target" not in names:
            behind = self.moment(application)
            self.note("steps that the target was behind", max(behind))
        unknown = ()
        if "target" in names:
            # What is younger than the last durable point came to the target's disk by chance: it does
            # not know what that is.
            points = glob.glob(os.path.join(stage.beta.state, "incoming-*", "checkpoint"))
            moment = max((os.stat(point).st_mtime for point in points), default=0)
            unknown = born_since(stage.plain, moment)
        cut.missing = missing_bytes(stage.plain, stage.copy, unknown)
        for side in sides:
            side.start(wait=False)
        for side in sides:
            side.wait_for_start()

    def moment(self, application):
        """What was on its way is still applied; then the target stands still."""
        until = time.monotonic() + 5
        while True:
            try:
                return application.require_moment(self.stage.copy)
            except (RoundFailure, OSError):
                if time.monotonic() > until:
                    raise
                time.sleep(0.05)

    def target_comes_back(self, round, application, cut):
        """The application goes on all the time, and must not notice."""
        self.stage.beta.start()
        time.sleep(round.chance.random() * 0.5)
        application.stop()

    def look_at_bytes(self, cut):
        """Required: at most 1.25 times the blocks that differed, and the names."""
        cut.sent = self.stage.mirrored(cut.log_place)
        if cut.missing is None:
            if cut.sent is not None:
                raise RoundFailure("the target was mirrored to, though the source lost nothing")
            return
        cut.sent = cut.sent or 0
        names = self.BYTES_AN_OBJECT * count_objects(self.stage.plain)
        if cut.sent > 1.25 * cut.missing + names:
            raise RoundFailure(
                f"the resync sent {cut.sent} bytes where {cut.missing} differed")
        self.note("bytes sent again, of those that differed", cut.sent / max(cut.missing, 1))


    def look_at_changes(self, before, at, after):
        """A target that comes back gets again what it had not on its disk, and nothing else."""
        made = after["newestSequence"] - before["newestSequence"]
        again = after["operationsSent"] - before["operationsSent"] - made
        unsynced = at["newestSequence"] - at["durableSequence"]
        if again > 1.25 * unsynced + 10:
            raise RoundFailure(f"{again} changes came again where {unsynced} were not durable")
        self.note("changes sent again, of those not durable", max(again, 0) / max(unsynced, 1))


class Cut:
    """What is known of one."""

    def __init__(self, stage, sides, kind):
        self.kind = kind
        self.log_place = stage.log_place()
        self.told = []
        self.missing = self.sent = self.at = None

    def words(self):
        parts = [f"lost {told} blocks" for told in self.told]
        if self.missing is not None:
            parts.append(f"{self.missing >> 10} KiB differed")
        if self.sent is not None:
            parts.append(f"{self.sent >> 10} KiB sent")
        return ", ".join(parts)
