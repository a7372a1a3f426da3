"""How many bytes of one tree another one lacks, in the blocks that a resync compares."""
import ctypes
import hashlib
import os
import struct

BLOCK = 64 << 10
LIBC = ctypes.CDLL(None, use_errno=True)
HERE, NO_FOLLOW, BIRTH = -100, 0x100, 0x800


def blocks(path):
    with open(path, "rb") as file:
        while True:
            block = file.read(BLOCK)
            if not block:
                return
            yield hashlib.blake2b(block, digest_size=16).digest(), len(block)


def files(root, with_blocks=True):
    """Of each file: path, blocks as (digest, length). A file with more names counts once."""
    seen = set()
    for folder, _, names in os.walk(root):
        for name in names:
            path = os.path.join(folder, name)
            status = os.lstat(path)
            if not os.path.isfile(path) or os.path.islink(path) or status.st_ino in seen:
                continue
            seen.add(status.st_ino)
            yield os.path.relpath(path, root), list(blocks(path)) if with_blocks else None


def count_objects(root):
    return sum(len(folders) + len(names) for _, folders, names in os.walk(root))


def born_since(root, moment):
    """Files that were made after a moment (seconds since 1970)."""
    return {
        name for name, _ in files(root, with_blocks=False)
        if birth(os.path.join(root, name)) > moment
    }


def birth(path):
    """When a file was made, seconds since 1970."""
    room = ctypes.create_string_buffer(256)
    if LIBC.statx(HERE, os.fsencode(path), NO_FOLLOW, BIRTH, room) != 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code), path)
    seconds, nanoseconds = struct.unpack_from("<qI", room, 0x50)
    return seconds + nanoseconds / 1e9


def missing_bytes(source, copy, unknown=()):
    """Bytes of blocks that the copy's file of the same name does not have at the same place. A file
    that the copy has under another name, wholly or for the most part, counts what is missing there.
    Files of `unknown` count as a whole."""
    theirs = dict(files(copy))
    owners = {}
    for name, content in theirs.items():
        for number, block in enumerate(content):
            owners.setdefault((number, block), []).append(name)
    missing = 0
    for name, content in files(source):
        candidates = {name} if name in theirs else set()
        for number, block in enumerate(content[:8]):
            candidates.update(owners.get((number, block), [])[:4])
        best = sum(length for _, length in content)
        for candidate in () if name in unknown else candidates:
            other = theirs[candidate]
            lacks = sum(
                block[1] for number, block in enumerate(content)
                if number >= len(other) or other[number] != block)
            best = min(best, lacks)
        missing += best
    return missing
