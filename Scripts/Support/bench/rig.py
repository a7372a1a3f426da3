"""The place where everything is measured: an ext4 image in memory, made for one run."""
import os
import shutil
import signal
import subprocess
import sys
import tempfile


class BenchFailure(Exception):
    """Something that is not a slow result but no result."""


def run(*words, **options):
    """Runs a program; its output as text, BenchFailure when it fails."""
    words = [os.fspath(word) for word in words]
    done = subprocess.run(words, text=True, capture_output=True, **options)
    if done.returncode != 0:
        raise BenchFailure(
            f"'{' '.join(words)}' ended with status {done.returncode}:\n"
            f"{(done.stdout + done.stderr).strip()[-2000:]}")
    return done.stdout


class Rig:
    """`with Rig(gibibytes) as rig:` gives a temporary folder `home`, `disk` (ext4 on a loop device
    in memory) and `under` (the same file system, mounted once more: there no capture is in the
    way). Everything is taken down at the end: processes first, then mounts, loop device, folders.
    """

    def __init__(self, gibibytes):
        self.gibibytes = gibibytes
        self.home = self.disk = self.under = self.loop = None
        self.processes = []
        self.closers = []

    def __enter__(self):
        self.home = tempfile.mkdtemp(prefix="understudy-bench.", dir="/var/tmp")
        try:
            self.make()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_):
        self.close()

    def make(self):
        memory = self.path("memory")
        self.disk, self.under = self.path("disk"), self.path("under")
        for folder in (memory, self.disk, self.under):
            os.mkdir(folder)
        size = self.gibibytes << 30
        run("mount", "-t", "tmpfs", "-o", f"size={size + (64 << 20)}", "tmpfs", memory)
        image = os.path.join(memory, "image")
        with open(image, "wb") as file:
            # All pages now: the first touch of a page costs more than writing it.
            os.posix_fallocate(file.fileno(), 0, size)
        run("mkfs.ext4", "-q", "-E", "lazy_itable_init=0,lazy_journal_init=0,nodiscard", image)
        self.loop = run("losetup", "--find", "--show", image).strip()
        for folder in (self.disk, self.under):
            run("mount", "-t", "ext4", "-o", "noatime", self.loop, folder)
            run("mount", "--make-private", folder)

    def path(self, *parts):
        return os.path.join(self.home, *parts)

    def start(self, words, log=None, **options):
        """Starts a process that `close` ends."""
        output = open(log, "ab") if log else subprocess.DEVNULL
        process = subprocess.Popen(
            [os.fspath(word) for word in words], stdin=subprocess.DEVNULL, stdout=output,
            stderr=subprocess.STDOUT if log else subprocess.DEVNULL, **options)
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
        if process in self.processes:
            self.processes.remove(process)

    def settle(self):
        """Everything written so far is on the image: no write-back of one run in the next."""
        run("sync", "-f", self.under)

    def mounts(self):
        """Mount points below the folder, the innermost first."""
        with open("/proc/self/mounts") as file:
            points = [line.split()[1].replace("\\040", " ") for line in file]
        return [point for point in reversed(points) if point.startswith(self.home + "/")]

    def strays(self):
        """Processes not started here that were told this folder: captures left behind."""
        found = []
        for name in os.listdir("/proc"):
            if not name.isdigit() or int(name) == os.getpid():
                continue
            try:
                with open(f"/proc/{name}/cmdline", "rb") as file:
                    words = file.read().split(b"\0")
            except OSError:
                continue
            program = os.path.basename(words[0])
            mine = any(word.startswith(self.home.encode() + b"/") for word in words[1:])
            if mine and program == b"understudy-capture":
                found.append(int(name))
        return found

    def close(self):
        for closer in reversed(self.closers):
            try:
                closer()
            except Exception as problem:  # The rest must be taken down all the same.
                print(f"bench: while cleaning up: {problem}", file=sys.stderr)
        for process in reversed(list(self.processes)):
            self.stop(process)
        for process in self.strays():
            try:
                os.killpg(process, signal.SIGKILL)
            except ProcessLookupError:
                pass
        for point in self.mounts():
            subprocess.run(["umount", point], stderr=subprocess.DEVNULL)
        for point in self.mounts():
            subprocess.run(["umount", "-l", point])
        if self.loop:
            subprocess.run(["losetup", "-d", self.loop])
        if self.home and not self.mounts():
            shutil.rmtree(self.home, ignore_errors=True)
        if self.home and os.path.exists(self.home):
            print(f"bench: '{self.home}' is left behind", file=sys.stderr)
