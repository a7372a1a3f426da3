"""Two servers of Understudy on this machine, and what is said to them."""
import os
import shutil
import time

from common.ports import port_for
from common.workshop import NoResult, run


class Servers:
    """alpha on 127.0.0.2 with a captured folder, beta on 127.0.0.3; both keep their state on the
    rig's disk. At most one connection, which `connect` makes anew."""

    def __init__(self, rig, programs):
        self.rig, self.programs = rig, programs
        self.folder = os.path.join(rig.disk, "protected")
        self.copy = os.path.join(rig.disk, "copy")
        self.connection = None
        os.mkdir(self.folder)
        rig.closers.append(self.close)
        port = port_for("127.0.0.2", "127.0.0.3")
        self.alpha = self.server("alpha", "127.0.0.2", port)
        self.beta = self.server("beta", "127.0.0.3", port)
        self.say(
            f"login alpha; login beta; source alpha; dtfs mount '{self.folder}'; "
            f"repset create bench; repset rule add '{self.folder}' include to bench; "
            "repset save bench")

    def under(self, path):
        """The same file, where no capture is in the way."""
        return self.rig.under + path[len(self.rig.disk):]

    def state(self, name):
        return os.path.join(self.rig.disk, f"state-{name}")

    def socket(self, name):
        return os.path.join(self.state(name), "control.sock")

    def server(self, name, address, port):
        process = self.rig.start(
            [self.programs.understudyd, "--name", name, "--address", address, "--port", str(port),
             "--state", self.state(name)], log=self.rig.path(f"{name}.log"))
        for _ in range(200):
            if os.path.exists(self.socket(name)):
                return process
            if process.poll() is not None:
                break
            time.sleep(0.05)
        with open(self.rig.path(f"{name}.log")) as file:
            raise NoResult(f"server {name} did not start:\n{file.read()[-2000:]}")

    def words(self, text):
        words = [self.programs.dtcl]
        for name in ("alpha", "beta"):
            words += ["--server", f"{name}=unix:{self.socket(name)}"]
        return words + ["-c", text]

    def say(self, text, timeout=600):
        try:
            return run(*self.words(text), timeout=timeout)
        except NoResult as problem:
            raise NoResult(f"{problem}\n{self.evidence()}") from problem

    def evidence(self):
        """What the servers know of a failure: the state of the connection, the ends of the logs."""
        told = []
        if self.connection is not None:
            try:
                told.append(run(*self.words(f"source alpha; status connection {self.connection}")))
            except NoResult:
                told.append("the source does not tell the connection's state")
        for name in ("alpha", "beta"):
            with open(self.rig.path(f"{name}.log")) as file:
                told.append(f"{name}:\n" + "".join(file.readlines()[-8:]))
        return "\n".join(told)

    def connect(self, mirror=False):
        """A new connection; without `mirror` the target is left as it is."""
        self.disconnect()
        how = "mirror full" if mirror else "nomirror"
        self.connection = int(self.say(
            f"source alpha; $c = connect bench to beta map '{self.folder}' to '{self.copy}' {how}; "
            "WRITE $c").split()[-1])
        if mirror:
            self.wait_for_mirror()

    def disconnect(self):
        if self.connection is not None:
            self.say(f"source alpha; disconnect {self.connection}")
            self.connection = None

    def wait_for_mirror(self):
        self.say(f"source alpha; waitonmirror {self.connection} timeout 10 minutes")

    def sync(self):
        """Returns when the target has everything written so far."""
        self.say(f"source alpha; sync {self.connection} timeout 10 minutes")

    def empty_copy(self):
        """Without a connection only."""
        shutil.rmtree(self.copy, ignore_errors=True)

    def captures(self):
        """The processes that serve the folder."""
        return self.rig.captures(self.state("alpha"))

    def close(self):
        if all(process.poll() is None for process in (self.alpha, self.beta)):
            self.say(
                f"source alpha; disconnect *; dtfs unmount '{self.folder}'", timeout=60)
