#!/usr/bin/env python3
"""A disk with a write cache that a power cut empties: a file system with one file, `image`.

    volatile MOUNTPOINT BACKING CONTROL

What is written is there at once; it is durable when the file is synced, as a loop device does for each
flush of the file system above. On the socket CONTROL: `cut KEPT SEED` ends all writing and takes back each
4 KiB that is not durable, with the probability 1 - KEPT each; `go` takes writes again. The answer is one
line. Speaks the kernel's FUSE protocol itself.
"""
import ctypes
import errno
import os
import random
import select
import socket
import stat
import struct
import sys

ATOM = 4096
LOOKUP, FORGET, GETATTR, SETATTR, OPEN, READ, WRITE = 1, 2, 3, 4, 14, 15, 16
STATFS, RELEASE, FSYNC, FLUSH, INIT, INTERRUPT, BATCH_FORGET = 17, 18, 20, 25, 26, 36, 42
HEADER = struct.Struct("<IIQQIIIHH")
ATTRIBUTES = struct.Struct("<QQQQQQIIIIIIIIII")
MAX_PAGES = 1 << 22
ASYNC_READ, BIG_WRITES = 1, 1 << 5


class Image:
    """The backing file, and what it held at the last flush wherever it was written since."""

    def __init__(self, path):
        self.file = os.open(path, os.O_RDWR)
        self.size = os.fstat(self.file).st_size
        self.durable = {}
        self.is_cut = False
        self.written = 0

    def write(self, offset, data):
        for atom in range(offset // ATOM, (offset + len(data) - 1) // ATOM + 1):
            if atom not in self.durable:
                self.durable[atom] = os.pread(self.file, ATOM, atom * ATOM)
        os.pwrite(self.file, data, offset)
        self.written += len(data)

    def flush(self):
        self.durable.clear()

    def cut(self, kept, seed):
        self.is_cut = True
        chance = random.Random(seed)
        lost = 0
        for atom, before in sorted(self.durable.items()):
            if chance.random() >= kept:
                os.pwrite(self.file, before, atom * ATOM)
                lost += 1
        count = len(self.durable)
        self.durable.clear()
        return f"{lost} of {count}"


class Server:
    def __init__(self, point, image):
        self.image = image
        self.device = os.open("/dev/fuse", os.O_RDWR)
        libc = ctypes.CDLL(None, use_errno=True)
        options = f"fd={self.device},rootmode=40000,user_id=0,group_id=0,max_read=1048576"
        nosuid_nodev = 6
        if libc.mount(b"volatile", point.encode(), b"fuse.volatile", nosuid_nodev,
                      options.encode()) != 0:
            raise OSError(ctypes.get_errno(), "mount", point)

    def attributes(self, node):
        mode = stat.S_IFDIR | 0o700 if node == 1 else stat.S_IFREG | 0o600
        size = 0 if node == 1 else self.image.size
        return ATTRIBUTES.pack(
            node, size, size // 512, 0, 0, 0, 0, 0, 0, mode, 1, 0, 0, 0, ATOM, 0)

    def serve(self, control):
        poll = select.poll()
        poll.register(self.device, select.POLLIN)
        poll.register(control, select.POLLIN)
        while True:
            for descriptor, events in poll.poll():
                if descriptor == control.fileno():
                    self.talk(control)
                elif not self.one():
                    return

    def talk(self, control):
        connection, _ = control.accept()
        with connection:
            words = connection.recv(200).decode().split()
            answer = "done"
            if words[0] == "cut":
                answer = self.image.cut(float(words[1]), int(words[2]))
            elif words[0] == "go":
                self.image.is_cut = False
            connection.sendall(answer.encode() + b"\n")

    def one(self):
        """Answers one request; False when the file system is unmounted."""
        try:
            request = os.read(self.device, (1 << 20) + 4096)
        except OSError as error:
            if error.errno == errno.ENODEV:
                return False
            if error.errno in (errno.ENOENT, errno.EINTR, errno.EAGAIN):
                return True
            raise
        _, opcode, unique, node, _, _, _, _, _ = HEADER.unpack_from(request)
        if opcode in (FORGET, BATCH_FORGET, INTERRUPT):
            return True
        try:
            answer, code = self.answer(opcode, node, memoryview(request)[HEADER.size:]), 0
        except OSError as error:
            answer, code = b"", -error.errno
        try:
            os.write(self.device, struct.pack("<IiQ", 16 + len(answer), code, unique) + answer)
        except OSError as error:
            # The caller gave up, or all is unmounted.
            if error.errno not in (errno.ENOENT, errno.ENODEV):
                raise
        return True

    def answer(self, opcode, node, body):
        image = self.image
        if opcode == WRITE:
            _, offset, size = struct.unpack_from("<QQI", body)
            if image.is_cut:
                raise OSError(errno.EIO, "the power is gone")
            image.write(offset, body[40:40 + size])
            return struct.pack("<II", size, 0)
        if opcode == READ:
            _, offset, size = struct.unpack_from("<QQI", body)
            return os.pread(image.file, size, offset)
        if opcode == FSYNC:
            if image.is_cut:
                raise OSError(errno.EIO, "the power is gone")
            image.flush()
            return b""
        if opcode in (RELEASE, FLUSH):
            return b""
        if opcode == INIT:
            major, minor, ahead, flags = struct.unpack_from("<IIII", body)
            return struct.pack(
                "<IIIIHHIIHHI28x", 7, min(minor, 31), ahead,
                flags & (ASYNC_READ | BIG_WRITES | MAX_PAGES), 32, 24, 1 << 20, 1, 256, 0, 0)
        if opcode == LOOKUP:
            if node != 1 or bytes(body) != b"image\0":
                raise OSError(errno.ENOENT, "no such name")
            return struct.pack("<QQQQII", 2, 0, 3600, 3600, 0, 0) + self.attributes(2)
        if opcode in (GETATTR, SETATTR):
            return struct.pack("<QII", 3600, 0, 0) + self.attributes(node)
        if opcode == OPEN:
            return struct.pack("<QIi", 1, 0, 0)
        if opcode == STATFS:
            blocks = image.size // ATOM
            return struct.pack("<QQQQQIIII24x", blocks, 0, 0, 1, 0, ATOM, 255, ATOM, 0)
        raise OSError(errno.ENOSYS, "not served")


def main():
    point, backing, place = sys.argv[1:4]
    control = socket.socket(socket.AF_UNIX)
    server = Server(point, Image(backing))
    control.bind(place)
    control.listen(4)
    server.serve(control)


main()
