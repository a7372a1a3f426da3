"""The place where everything is measured: an ext4 image in memory, made for one run."""
import os

from common.workshop import Workshop, run


class Rig(Workshop):
    """`with Rig(gibibytes) as rig:` gives a temporary folder `home`, `disk` (ext4 on a loop device
    in memory) and `under` (the same file system, mounted once more: there no capture is in the
    way). Everything is taken down at the end."""

    def __init__(self, gibibytes):
        super().__init__("bench")
        self.gibibytes = gibibytes
        self.disk = self.under = None

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
        loop = self.attach(image)
        for folder in (self.disk, self.under):
            run("mount", "-t", "ext4", "-o", "noatime", loop, folder)
            run("mount", "--make-private", folder)

    def settle(self):
        """Everything written so far is on the image: no write-back of one run in the next."""
        run("sync", "-f", self.under)
