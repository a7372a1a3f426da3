"""One of the two servers: its disk, its daemon, its processes."""
import os
import shutil
import signal
import socket
import time

from common.workshop import NoResult, command_lines

from .machine import Boot


class Side:
    """`state` and all data lie on `disk`. The daemon may be killed and started again."""

    def __init__(self, workshop, programs, name, address, port, disk, settings=""):
        self.workshop, self.programs, self.name = workshop, programs, name
        self.address, self.port, self.disk = address, port, disk
        self.state = os.path.join(disk.path, "state")
        self.log = workshop.path(f"{name}.log")
        self.process = None
        self.boot = Boot(workshop.path(f"{name}.boot"))
        self.settings = None
        if settings:
            self.settings = workshop.path(f"{name}.yaml")
            with open(self.settings, "w") as file:
                file.write(settings)

    @property
    def socket(self):
        return os.path.join(self.state, "control.sock")

    def start(self, wait=True):
        words = [
            self.programs.understudyd, "--name", self.name, "--address", self.address, "--port",
            str(self.port), "--state", self.state,
        ]
        if self.settings:
            words += ["--config", self.settings]
        self.process = self.workshop.start(self.boot.words(words), log=self.log)
        if wait:
            self.wait_for_start()

    def wait_for_start(self, seconds=90):
        """Returns when it takes commands."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            if self.answers():
                self.workshop.note_memory(self.state)
                return
            if self.process.poll() is not None:
                break
            time.sleep(0.005)
        raise NoResult(f"server {self.name} did not start:\n{self.log_tail(12)}")

    def answers(self):
        with socket.socket(socket.AF_UNIX) as one:
            try:
                one.connect(self.socket)
                return True
            except OSError:
                return False

    def kill(self):
        """kill -9 of the daemon alone."""
        self.process.kill()
        self.process.wait()
        self.workshop.forget(self.process)

    def stop(self):
        self.workshop.stop(self.process)

    def captures(self):
        """Process numbers of its captures as pairs: keeper, server."""
        mine = self.state.encode() + b"/"
        keepers, servers = [], []
        for process, words in command_lines():
            program = os.path.basename(words[0])
            if any(word.startswith(mine) for word in words[1:]):
                if program == b"understudy-capture":
                    keepers.append(process)
                elif program == b"understudy-serving":
                    servers.append(process)
        return keepers, servers

    def kill_captures(self):
        """All of them: keepers, and the servers that would take their place."""
        until = time.monotonic() + 10
        while time.monotonic() < until:
            keepers, servers = self.captures()
            if not keepers and not servers:
                return
            for process in keepers + servers:
                for kill in (os.killpg, os.kill):
                    try:
                        kill(process, signal.SIGKILL)
                    except (ProcessLookupError, PermissionError):
                        pass
            time.sleep(0.002)
        raise NoResult(f"captures of {self.name} cannot be killed")

    def lose_memory(self):
        """What a power cut does to what daemons keep in memory, and to the name of the boot."""
        self.boot.again()
        try:
            memory = os.readlink(os.path.join(self.state, "memory"))
        except OSError:
            return
        if memory.startswith("/dev/shm/understudy-"):
            shutil.rmtree(memory, ignore_errors=True)

    def log_text(self):
        try:
            with open(self.log, errors="replace") as file:
                return file.read()
        except OSError:
            return ""

    def log_tail(self, lines):
        return "\n".join(self.log_text().splitlines()[-lines:])

    def keep_evidence(self, folder):
        for path in (self.log, os.path.join(self.state, "log")):
            to = os.path.join(folder, self.name + "-" + os.path.basename(path))
            try:
                if os.path.isdir(path):
                    shutil.copytree(path, to, dirs_exist_ok=True)
                else:
                    shutil.copy(path, to)
            except OSError:
                continue
