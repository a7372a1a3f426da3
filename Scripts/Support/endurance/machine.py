#!/usr/bin/env python3
"""A view of this machine's mounts of our own, and boots that each server believes in.

Run as a program: machine BOOT SECONDS PROGRAM [ARGUMENT ...]. The program sees the content of the file BOOT
as the name of the machine's boot, and clocks that say so many seconds less since the machine's start.
"""
import ctypes
import os
import sys
import time
import uuid

LIBC = ctypes.CDLL(None, use_errno=True)
NEW_MOUNTS, NEW_CLOCKS = 0x00020000, 0x00000080
RECURSIVE, PRIVATE, SHARED, BIND = 1 << 14, 1 << 18, 1 << 20, 1 << 12
BOOT = b"/proc/sys/kernel/random/boot_id"


def check(result, what):
    if result != 0:
        code = ctypes.get_errno()
        raise OSError(code, f"{what}: {os.strerror(code)}")


def separate():
    """From here on this process and its children have mounts of their own: nobody else sees them,
    and the kernel takes them away with the last of these processes."""
    check(LIBC.unshare(NEW_MOUNTS), "unshare")
    for point, how in ((b"/", PRIVATE), (b"/", SHARED), (b"/proc", PRIVATE)):
        check(LIBC.mount(None, point, None, RECURSIVE | how, None), "mount")


def has_clocks():
    """Whether a program can be given clocks of its own without another process between."""
    release = os.uname().release.split(".")
    return os.path.exists("/proc/self/timens_offsets") and (int(release[0]), int(release[1])) > (6, 1)


class Boot:
    """What a server takes for its machine's boot: a power cut of one server alone must look to it as
    a start of its machine does."""

    def __init__(self, path):
        self.path = path
        self.again()

    def again(self):
        # A file of its own each time: the one before stays as it is for who has it open.
        with open(self.path + ".new", "w") as file:
            file.write(f"{uuid.uuid4()}\n")
        os.replace(self.path + ".new", self.path)
        self.seconds = int(time.clock_gettime(time.CLOCK_MONOTONIC)) - 1

    def words(self, words):
        """The command for a program that shall believe in it; the process number stays."""
        return [sys.executable, os.path.realpath(__file__), self.path, str(self.seconds), *words]


def main():
    boot, seconds, words = sys.argv[1], sys.argv[2], sys.argv[3:]
    check(LIBC.unshare(NEW_MOUNTS), "unshare")
    check(LIBC.mount(os.fsencode(boot), BOOT, None, BIND, None), "mount")
    if has_clocks():
        check(LIBC.unshare(NEW_CLOCKS), "unshare")
        with open("/proc/self/timens_offsets", "w") as file:
            file.write(f"monotonic -{seconds} 0\nboottime -{seconds} 0\n")
    os.execv(words[0], words)


if __name__ == "__main__":
    main()
