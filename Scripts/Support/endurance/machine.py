"""A view of this machine's mounts of our own, and boots that each server believes in."""
import ctypes
import os
import uuid

LIBC = ctypes.CDLL(None, use_errno=True)
NEW_MOUNTS, RECURSIVE, PRIVATE, SHARED = 0x00020000, 1 << 14, 1 << 18, 1 << 20
BOOT = "/proc/sys/kernel/random/boot_id"

# Enters a further view, puts the file $0 in the place of the boot's name, and becomes the program.
ENTER = f'mount --bind "$0" {BOOT} && exec "$@"'


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


class Boot:
    """What a server takes for the name of the machine's boot: a power cut of one server alone must
    look to it as a start of its machine does."""

    def __init__(self, path):
        self.path = path
        self.again()

    def again(self):
        # A file of its own each time: the one before stays as it is for who has it open.
        with open(self.path + ".new", "w") as file:
            file.write(f"{uuid.uuid4()}\n")
        os.replace(self.path + ".new", self.path)

    def words(self, words):
        """The command for a program that shall believe in it; the process number stays."""
        return [
            "unshare", "--mount", "--propagation", "unchanged", "sh", "-c", ENTER, self.path, *words
        ]
