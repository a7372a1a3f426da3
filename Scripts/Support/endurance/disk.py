"""A disk of one server: an ext4 image in memory on a loop device, mounted twice."""
import fcntl
import os
import struct
import subprocess
import time

from common.workshop import mount_points, run

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
            run("mount", "--make-private", folder)

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
