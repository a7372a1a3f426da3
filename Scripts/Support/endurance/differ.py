"""How many bytes of one tree another one lacks, in the blocks that a resync compares."""
import hashlib
import os
import subprocess

BLOCK = 64 << 10


def blocks(path):
    with open(path, "rb") as file:
        while True:
            block = file.read(BLOCK)
            if not block:
                return
            yield hashlib.blake2b(block, digest_size=16).digest(), len(block)


def files(root):
    """Of each file: path, blocks as (digest, length). A file with more names counts once."""
    seen = set()
    for folder, _, names in os.walk(root):
        for name in names:
            path = os.path.join(folder, name)
            status = os.lstat(path)
            if not os.path.isfile(path) or os.path.islink(path) or status.st_ino in seen:
                continue
            seen.add(status.st_ino)
            yield os.path.relpath(path, root), list(blocks(path))


def count_objects(root):
    return sum(len(folders) + len(names) for _, folders, names in os.walk(root))


def born_since(root, moment):
    """Files that were made after a moment (seconds since 1970)."""
    found = subprocess.run(
        ["find", root, "-type", "f", "-newerBt", f"@{moment:.6f}", "-printf", "%P\\0"],
        capture_output=True, check=True).stdout
    return {os.fsdecode(name) for name in found.split(b"\0") if name}


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
