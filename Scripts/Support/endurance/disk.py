"""A disk of one server: an ext4 image in memory on a loop device, mounted twice."""
import fcntl
import os
import socket
import struct
import subprocess
import sys
import time

from common.workshop import NoResult, mount_points, run

# _IOR('X', 125, __u32) of <linux/fs.h>, and its values.
SHUTDOWN = 0x8004587D
FLUSHING, LOG_FLUSH, NO_LOG_FLUSH = 0, 1, 2


class Disk:
    """`path` is where the server has it; `under` is the same file system where no capture is."""

    def __init__(self, workshop, name, mebibytes, options="noatime"):
        self.workshop, self.name, self.mebibytes = workshop, name, mebibytes
        self.options = options
        self.path = workshop.path(name)
        self.under = workshop.path(f"{name}-under")
        self.loop = None
        self.image = os.path.join(workshop.memory, f"{name}.image")
        for folder in (self.path, self.under):
            os.mkdir(folder)
        with open(self.image, "wb") as file:
            file.truncate(mebibytes << 20)
        run("mkfs.ext4", "-q", "-b", "4096", "-E", "lazy_itable_init=0,lazy_journal_init=0",
            self.image)
        self.begin()

    def begin(self):
        """Attaches and mounts; the journal of the file system is replayed where it has to be."""
        self.loop = self.workshop.attach(self.backing())
        for folder in (self.path, self.under):
            run("mount", "-t", "ext4", "-o", self.options, self.loop, folder)

    def backing(self):
        """The file that the loop device is made of."""
        return self.image

    def end(self):
        """Unmounts everything that is mounted here, captures too, and detaches."""
        for _ in range(200):
            points = [
                point for folder in (self.path, self.under)
                for point in mount_points(folder) + ([folder] if os.path.ismount(folder) else [])
            ]
            if not points:
                break
            for point in points:
                # The file system itself never lazily: what still held it would see the next one.
                ways = ["-l"] if point not in (self.path, self.under) else []
                subprocess.run(["umount", *ways, point], stderr=subprocess.DEVNULL)
            time.sleep(0.01)
        else:
            run("umount", self.under)
        if self.loop:
            self.workshop.detach(self.loop)
            self.loop = None

    def shut_down(self, how):
        """The file system stops at once: nothing reaches the disk any more."""
        descriptor = os.open(self.under, os.O_RDONLY | os.O_DIRECTORY)
        try:
            fcntl.ioctl(descriptor, SHUTDOWN, struct.pack("<I", how))
        finally:
            os.close(descriptor)

    def flush(self):
        run("sync", "-f", self.under)


class VolatileDisk(Disk):
    """The same behind a write cache that is lost with the power: see `volatile`."""

    server = None

    def backing(self):
        point = self.workshop.path(f"{self.name}-cache")
        if self.server is None:
            os.mkdir(point)
            program = os.path.join(os.path.dirname(os.path.realpath(__file__)), "volatile.py")
            self.server = self.workshop.start(
                [sys.executable, program, point, self.image, self.control],
                log=self.workshop.path("volatile.log"))
            for _ in range(500):
                if os.path.exists(self.control):
                    break
                time.sleep(0.01)
            else:
                raise NoResult("the disk with a cache does not start")
        return os.path.join(point, "image")

    @property
    def control(self):
        return self.workshop.path(f"{self.name}-control")

    def tell(self, text):
        with socket.socket(socket.AF_UNIX) as one:
            one.settimeout(30)
            one.connect(self.control)
            one.sendall(text.encode())
            return one.recv(200).decode().strip()

    def lose_cache(self, kept, seed):
        """The power goes: of what was not flushed, each 4 KiB is kept with a probability."""
        return self.tell(f"cut {kept} {seed}")

    def begin(self):
        if self.server is not None:
            self.tell("go")
        super().begin()
