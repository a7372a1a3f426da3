"""A full mirror over TLS against `rsync -a` to a daemon in plain text."""
import os
import shutil
import time

from common.ports import port_for
from common.workshop import NoResult, run

from .figures import Figure


class RsyncDaemon:
    """A daemon with one module, on 127.0.0.1."""

    def __init__(self, rig):
        self.rig = rig
        self.folder = os.path.join(rig.disk, "rsync-copy")
        os.mkdir(self.folder)
        self.port = port_for("127.0.0.1")
        settings = rig.path("rsyncd.conf")
        with open(settings, "w") as file:
            file.write(
                f"use chroot = no\nuid = root\ngid = root\nport = {self.port}\n"
                f"address = 127.0.0.1\nlog file = {rig.path('rsyncd.log')}\n"
                f"[copy]\npath = {self.folder}\nread only = no\n")
        self.process = rig.start(["rsync", "--daemon", "--no-detach", f"--config={settings}"])
        for _ in range(100):
            try:
                run("rsync", self.url)
                return
            except NoResult:
                time.sleep(0.05)
        raise NoResult("the rsync daemon does not answer")

    @property
    def url(self):
        return f"rsync://127.0.0.1:{self.port}/copy/"

    def empty(self):
        shutil.rmtree(self.folder)
        os.mkdir(self.folder)


def small_files(folder):
    """20,000 files of 4 KiB in 200 folders, contents that do not compress."""
    block = os.urandom(1 << 20)
    for outer in range(200):
        inside = os.path.join(folder, f"folder-{outer}")
        os.mkdir(inside)
        for inner in range(100):
            start = (outer * 100 + inner) * 37 % ((1 << 20) - 4096)
            with open(os.path.join(inside, f"file-{inner}"), "wb") as file:
                file.write(block[start:start + 4096])


def big_file(folder):
    with open(os.path.join(folder, "big"), "wb") as file:
        for _ in range(1024):
            file.write(os.urandom(1 << 20))


def measure(bench):
    figures = []
    tasks = [
        ("mirror, 20,000 files of 4 KiB", small_files, 0.8),
        ("mirror, one file of 1 GiB", big_file, 1.0),
    ]
    for name, fill, goal in tasks:
        figure = Figure(name, "s", "less", goal, "rsync -a to a daemon")
        figures.append(figure)
        with bench.rig(5) as rig:
            servers, daemon = bench.servers(rig), RsyncDaemon(rig)
            plain = servers.under(servers.folder)
            fill(plain)
            # Once through the capture, as an application would have read it.
            run("ls", "-R", servers.folder)
            rig.settle()
            for pair in range(bench.pairs + 1):
                times = bench.pair(pair, {
                    "ours": lambda: ours(rig, servers),
                    "theirs": lambda: theirs(rig, servers, daemon, plain),
                })
                if pair == 0:
                    # Not counted: it warms both up, and is compared instead.
                    run("diff", "-r", plain, servers.under(servers.copy))
                    run("diff", "-r", plain, daemon.folder)
                else:
                    figure.add(times["ours"], times["theirs"])
                    bench.tell(figure)
    return figures


def ours(rig, servers):
    servers.disconnect()
    servers.empty_copy()
    servers.connect()
    rig.settle()
    number = servers.connection
    begun = time.monotonic()
    servers.say(
        f"source alpha; mirror start {number} full; waitonmirror {number} timeout 10 minutes")
    return time.monotonic() - begun


def theirs(rig, servers, daemon, plain):
    # No mirror and no replication of ours may be going on meanwhile.
    servers.disconnect()
    daemon.empty()
    rig.settle()
    begun = time.monotonic()
    run("rsync", "-a", plain + "/", daemon.url)
    return time.monotonic() - begun
