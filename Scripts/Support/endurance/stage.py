"""Where rounds take place: two servers on disks of their own, a captured folder and its copy."""
import glob
import json
import os
import re
import subprocess
import time

from common.ports import port_for
from common.programs import ROOT
from common.workshop import NoResult, Workshop, command_lines, run

from .application import Application
from .disk import Disk
from .side import Side
from .trial import RoundFailure

COMPARE = os.path.join(ROOT, "Scripts", "Support", "compare-trees")
MAKE = os.path.join(ROOT, "Scripts", "Support", "make-tree")


class Stage(Workshop):
    """`alpha` (127.0.0.2) replicates `folder` to `copy` at `beta` (127.0.0.3) in connection 1.
    `plain` is the folder below the capture. Use it with `begin` and `close`."""

    def __init__(
            self, programs, mebibytes=512, disk=Disk, source_settings="", target_settings="",
            target_mebibytes=None):
        super().__init__("endurance")
        self.programs, self.kind = programs, disk
        self.mebibytes = (mebibytes, target_mebibytes or mebibytes)
        self.settings = (source_settings, target_settings)
        self.connection = 1
        self.applications = []

    def begin(self):
        self.__enter__()
        return self

    def make(self):
        self.memory = self.path("memory")
        os.mkdir(self.memory)
        run("mount", "-t", "tmpfs", "-o", f"size={sum(self.mebibytes) * 2}m", "tmpfs", self.memory)
        port = port_for("127.0.0.2", "127.0.0.3")
        disks = [
            self.kind(self, name, size)
            for name, size in zip(("source", "target"), self.mebibytes)
        ]
        self.alpha = Side(
            self, self.programs, "alpha", "127.0.0.2", port, disks[0], self.settings[0])
        self.beta = Side(
            self, self.programs, "beta", "127.0.0.3", port, disks[1], self.settings[1])
        self.folder = os.path.join(disks[0].path, "data")
        self.plain = os.path.join(disks[0].under, "data")
        self.copy = os.path.join(disks[1].path, "copy")
        os.mkdir(self.folder)
        for disk in disks:
            try:
                os.rmdir(os.path.join(disk.path, "lost+found"))
            except OSError:
                pass

    def protect(self, objects=100):
        """A tree of some objects, both servers, capture, connection, first mirror."""
        run(MAKE, os.path.join(self.folder, "still"), str(objects))
        for side in (self.alpha, self.beta):
            side.start(wait=False)
        for side in (self.alpha, self.beta):
            side.wait_for_start()
        self.say(
            f"login alpha; login beta; source alpha; dtfs mount '{self.folder}'; "
            f"repset create all; repset rule add '{self.folder}' include to all; repset save all; "
            f"connect all to beta map '{self.folder}' to '{self.copy}' mirror full; "
            f"waitonmirror {self.connection} timeout 5 minutes")
        self.wait_until_settled()

    # Talking

    def words(self, text, is_json=False):
        words = [self.programs.dtcl] + (["--json"] if is_json else [])
        for side in (self.alpha, self.beta):
            words += ["--server", f"{side.name}=unix:{side.socket}"]
        return words + ["-c", text]

    def say(self, text, timeout=300):
        """Commands that have to succeed; what they print."""
        return run(*self.words(text), timeout=timeout)

    def ask(self, text, timeout=30):
        """The value of the last command; NoResult when one fails."""
        value = None
        for line in run(*self.words(text, is_json=True), timeout=timeout).splitlines():
            record = json.loads(line)
            if "result" in record:
                value = record["result"].get("value")
        return value

    def status(self):
        """STATUS CONNECTION of the source, as a record."""
        return self.ask(f"source alpha; status connection {self.connection}")

    def wait_until_settled(self, seconds=120):
        """Until the target has on its disk all that the source had, and says OK.

        Nothing may be writing. Answers the status."""
        until = time.monotonic() + seconds
        status, problem = None, None
        while time.monotonic() < until:
            try:
                # SYNC names the position that has to be reached; STATUS alone may be a moment old.
                self.say(f"source alpha; sync {self.connection} timeout 10 seconds", timeout=30)
                status = self.status()
                if status["settled"] and status["targetState"] == "OK":
                    return status
                problem = None
            except NoResult as one:
                problem = one
            time.sleep(0.02)
        shown = json.dumps(status, indent=1) if status else ""
        raise RoundFailure(f"not settled after {seconds} s: {problem or ''}\n{shown}")

    # Mirrors

    SENT = re.compile(r"completed: .*?(\d+) bytes sent")
    MIRRORS = ("full mirror started", "different mirror started", "checksum mirror started")

    def log_place(self):
        """A place in the source's log, for `mirrored`."""
        return len(self.alpha.log_text())

    def mirrored(self, place):
        """Bytes that resyncs sent since then; RoundFailure where all of the folder was mirrored.

        None: nothing was sent but changes."""
        log = self.alpha.log_text()[place:]
        for words in self.MIRRORS:
            if words in log:
                raise RoundFailure(f"in the source's log: '{words}'")
        found = self.SENT.findall(log)
        return sum(map(int, found)) if found or "resync started" in log else None

    # Applications

    def application(self, seed, **options):
        """Starts the application in the captured folder; see `Application`."""
        one = Application(self, self.folder, seed, **options)
        self.applications.append(one)
        return one

    def end_applications(self):
        for one in self.applications:
            one.kill()
        self.applications.clear()

    # Comparing

    def compare(self, source=None, copy=None, holes=True):
        """RoundFailure unless both trees are equal, by a program that knows nothing of Understudy.

        Without `holes` it does not matter which zeros are stored. Answers in how many files that
        differs."""
        done = subprocess.run(
            [COMPARE, source or self.plain, copy or self.copy], text=True, capture_output=True)
        if done.returncode == 0:
            return 0
        lines = done.stdout.splitlines()
        if not holes:
            lines = [line for line in lines if "': holes " not in line]
        # What of an allocation was never written reads as a hole or not, as the file system likes.
        real = [line for line in lines[:-1] if not ("allocated-" in line and "': holes " in line)]
        if real or done.stderr or len(lines) > 40:
            raise RoundFailure("the trees differ:\n" + "\n".join(real) + done.stderr)
        return done.stdout.count("': holes ")

    # Ends

    def keep_evidence(self, folder):
        self.keep_stacks(folder)
        for side in (self.alpha, self.beta):
            side.keep_evidence(folder)
        with open(os.path.join(folder, "status.txt"), "w") as file:
            for side in (self.alpha, self.beta):
                for command in ("status connection *", "status target", "status source"):
                    done = subprocess.run(
                        self.words(f"source {side.name}; {command}"), text=True,
                        capture_output=True, timeout=20)
                    file.write(f"{side.name}: {command}\n{done.stdout}{done.stderr}\n")
        done = subprocess.run([COMPARE, self.plain, self.copy], text=True, capture_output=True)
        with open(os.path.join(folder, "difference.txt"), "w") as file:
            file.write(done.stdout + done.stderr)
        for one in self.applications:
            one.keep_evidence(folder)

    def keep_stacks(self, folder):
        """Where every thread of ours is in the kernel: what hangs shows itself."""
        mine = self.home.encode() + b"/"
        with open(os.path.join(folder, "stacks.txt"), "w") as file:
            for process, words in command_lines():
                if not any(word.startswith(mine) for word in words):
                    continue
                file.write(f"{process} {b' '.join(words).decode(errors='replace')[:150]}\n")
                for place in glob.glob(f"/proc/{process}/task/*"):
                    try:
                        with open(place + "/comm") as name, open(place + "/stack") as stack:
                            calls = [line.split()[-1] for line in stack][:8]
                            file.write(f"  {name.read().strip()}: {' '.join(calls)}\n")
                    except (OSError, IndexError):
                        continue

    def take_down(self):
        self.end_applications()
        for side in (getattr(self, "alpha", None), getattr(self, "beta", None)):
            if side is None:
                continue
            self.note_memory(side.state)
            if side.process is not None and side.process.poll() is None:
                side.kill()
            side.kill_captures()
            try:
                # Before what they are made of ends.
                side.disk.end()
            except NoResult as problem:
                self.complain(f"while cleaning up: {problem}")
        super().take_down()
