"""A temporary folder with what was made for it: processes, mounts, loop devices. All of it goes with
the folder, however the program ends."""
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time


class NoResult(Exception):
    """Something that is not a bad result but no result."""


def run(*words, **options):
    """Runs a program; its output as text, NoResult when it fails."""
    words = [os.fspath(word) for word in words]
    done = subprocess.run(words, text=True, capture_output=True, **options)
    if done.returncode != 0:
        raise NoResult(
            f"'{' '.join(words)}' ended with status {done.returncode}:\n"
            f"{(done.stdout + done.stderr).strip()[-2000:]}")
    return done.stdout


def check_machine(needed, missing=()):
    """NoResult without root, or where commands are missing.

    `needed`: the package of each command; `missing`: packages that are known to be missing."""
    if os.geteuid() != 0:
        raise NoResult("mounting needs root")
    missing = set(missing) | {
        package for command, package in needed.items() if not shutil.which(command)}
    if missing:
        raise NoResult(f"these packages are missing: {' '.join(sorted(missing))}")


def mount_points(below):
    """Mount points below a folder, the innermost first."""
    with open("/proc/self/mounts") as file:
        points = [line.split()[1].replace("\\040", " ") for line in file]
    return [point for point in reversed(points) if point.startswith(below + "/")]


def command_lines():
    """Process number and command line of everything that runs."""
    for name in os.listdir("/proc"):
        if not name.isdigit() or int(name) == os.getpid():
            continue
        try:
            with open(f"/proc/{name}/cmdline", "rb") as file:
                yield int(name), file.read().split(b"\0")
        except OSError:
            continue


class Workshop:
    """`with Workshop("name") as workshop:` gives the folder `home`. What is noted in `processes`,
    `loops` and `closers` is taken down at the end: closers, processes, captures, mounts, loop
    devices, what daemons keep in memory, the folder. When the program is killed, a sweeper does it."""

    def __init__(self, name):
        self.name = name
        self.home = None
        self.processes = []
        self.loops = []
        self.closers = []
        self.memories = set()
        self.sweeper = None

    def __enter__(self):
        self.home = tempfile.mkdtemp(prefix=f"understudy-{self.name}.", dir="/var/tmp")
        # Cleans up in our place when this program does not live to do it; it sees our end by its input.
        self.sweeper = subprocess.Popen(
            [sys.executable, os.path.join(os.path.dirname(os.path.realpath(__file__)), "sweep.py"),
             self.home], stdin=subprocess.PIPE, start_new_session=True)
        try:
            self.make()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_):
        self.close()

    def make(self):
        """What a kind of workshop always has."""

    def path(self, *parts):
        return os.path.join(self.home, *parts)

    def start(self, words, log=None, **options):
        """Starts a process that `close` ends."""
        output = open(log, "ab") if log else subprocess.DEVNULL
        options.setdefault("stdout", output)
        options.setdefault("stderr", subprocess.STDOUT if log else subprocess.DEVNULL)
        process = subprocess.Popen(
            [os.fspath(word) for word in words], stdin=subprocess.DEVNULL, **options)
        if log:
            output.close()
        self.processes.append(process)
        return process

    def stop(self, process):
        """Asks a process to end, and makes it after ten seconds."""
        if process.poll() is None:
            process.send_signal(signal.SIGCONT)
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self.forget(process)

    def forget(self, process):
        if process in self.processes:
            self.processes.remove(process)

    def attach(self, image, *options):
        """A loop device for a file."""
        loop = run("losetup", "--find", "--show", *options, image).strip()
        self.loops.append(loop)
        return loop

    def detach(self, loop):
        subprocess.run(["losetup", "-d", loop], stderr=subprocess.DEVNULL)
        if loop in self.loops:
            self.loops.remove(loop)

    def mounts(self):
        return mount_points(self.home)

    def captures(self, folder=None):
        """Processes of captures that were told of something in the folder (this workshop, if none
        is given): they outlive their daemons."""
        mine = (folder or self.home).encode() + b"/"
        return [
            process for process, words in command_lines()
            if os.path.basename(words[0]) in (b"understudy-capture", b"understudy-serving")
            and any(word.startswith(mine) for word in words[1:])
        ]

    def note_memory(self, state):
        """Of a daemon with this state folder: what it keeps in memory goes at the end."""
        try:
            memory = os.readlink(os.path.join(state, "memory"))
        except OSError:
            return
        if memory.startswith("/dev/shm/understudy-"):
            self.memories.add(memory)

    def close(self):
        # A second interrupt must not leave anything behind.
        former = {
            number: signal.signal(number, signal.SIG_IGN)
            for number in (signal.SIGINT, signal.SIGTERM)
        }
        try:
            self.take_down()
            self.sweeper.stdin.close()
            self.sweeper.wait()
        finally:
            for number, handler in former.items():
                signal.signal(number, handler)

    def take_down(self):
        for closer in reversed(self.closers):
            try:
                closer()
            except Exception as problem:  # The rest must be taken down all the same.
                self.complain(f"while cleaning up: {problem}")
        for process in reversed(list(self.processes)):
            self.stop(process)
        for process in self.captures():
            try:
                os.killpg(process, signal.SIGKILL)
            except ProcessLookupError:
                pass
        for point in self.mounts():
            subprocess.run(["umount", point], stderr=subprocess.DEVNULL)
        for _ in range(50):
            # Something may be mounted more than once, and a killed process takes a moment.
            points = self.mounts()
            if not points:
                break
            for point in points:
                subprocess.run(["umount", "-l", point], stderr=subprocess.DEVNULL)
            time.sleep(0.02)
        for loop in list(self.loops):
            self.detach(loop)
        for memory in self.memories:
            shutil.rmtree(memory, ignore_errors=True)
        if self.home and not self.mounts():
            shutil.rmtree(self.home, ignore_errors=True)
        if self.home and os.path.exists(self.home):
            self.complain(f"'{self.home}' is left behind")

    def complain(self, text):
        print(f"{self.name}: {text}", file=sys.stderr)
