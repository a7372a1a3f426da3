"""A deterministic sequence of changes to a folder, and the states that a folder goes through.

The application carries it out; the trials replay it in memory, to find the moment that a copy shows.
"""
import os
import random
import stat


class Node:
    """A file; two names of it share it."""

    __slots__ = ("content",)

    def __init__(self, content=b""):
        self.content = bytearray(content)


def read_tree(folder):
    """What a folder holds: relative path to content (bytes), or None for a folder."""
    tree = {}
    stack = [""]
    while stack:
        relative = stack.pop()
        for entry in os.scandir(os.path.join(folder, relative)):
            path = os.path.join(relative, entry.name)
            if entry.is_dir(follow_symlinks=False):
                tree[path] = None
                stack.append(path)
            elif entry.is_file(follow_symlinks=False):
                with open(entry.path, "rb") as file:
                    tree[path] = file.read()
            else:
                tree[path] = stat.S_IFMT(entry.stat(follow_symlinks=False).st_mode)
    return tree


class Ledger:
    """`next()` answers the next step, having made it in memory: (kind, node, path, ...)."""

    BYTES_MAX = 12 << 20
    FILES_MAX = 90

    def __init__(self, tree, seed):
        self.chance = random.Random(seed)
        self.folders = sorted([""] + [path for path, content in tree.items() if content is None])
        self.files = {
            path: Node(content) for path, content in sorted(tree.items()) if content is not None
        }
        self.names = sorted(self.files)
        self.bytes = sum(len(node.content) for node in self.files.values())
        self.tag = f"{seed % 1000003:x}"
        self.number = 0
        self.queue = []
        kinds = [
            (10, self.make), (30, self.overwrite), (14, self.append), (4, self.cut),
            (7, self.replace), (4, self.move_file), (9, self.unlink), (3, self.make_folder),
            (2, self.move_folder), (1, self.remove_folder), (6, self.save), (3, self.flush),
            (2, self.flush_folder),
        ]
        self.kinds = [kind for _, kind in kinds]
        self.weights = [weight for weight, _ in kinds]

    def next(self):
        while not self.queue:
            self.chance.choices(self.kinds, self.weights)[0]()
        step = self.queue.pop(0)
        self.apply(step)
        return step

    # What a step means.

    def apply(self, step):
        kind, path = step[0], step[1]
        if kind == "create":
            self.files[path] = Node()
            self.names.append(path)
        elif kind == "write":
            content = self.files[path].content
            before = len(content)
            offset, data = step[2], step[3]
            if offset > before:
                content.extend(bytes(offset - before))
            content[offset:offset + len(data)] = data
            self.bytes += len(content) - before
        elif kind == "truncate":
            content = self.files[path].content
            self.bytes += step[2] - len(content)
            if step[2] < len(content):
                del content[step[2]:]
            else:
                content.extend(bytes(step[2] - len(content)))
        elif kind == "rename":
            if step[2] in self.files:
                self.drop(step[2])
            self.files[step[2]] = self.files.pop(path)
            self.names.remove(path)
            self.names.append(step[2])
        elif kind == "unlink":
            self.drop(path)
        elif kind == "mkdir":
            self.folders.append(path)
        elif kind == "rmdir":
            self.folders.remove(path)
        elif kind == "move":
            self.move(path, step[2])

    def drop(self, path):
        self.bytes -= len(self.files.pop(path).content)
        self.names.remove(path)

    def move(self, old, new):
        def place(path):
            return new + path[len(old):] if path == old or path.startswith(old + "/") else path

        self.folders = [place(path) for path in self.folders]
        self.names = [place(path) for path in self.names]
        self.files = {place(path): node for path, node in self.files.items()}

    def affected(self, step):
        """Paths that may look different after a step; call it before and after."""
        if step[0] in ("fsync", "fsyncdir"):
            return ()
        if step[0] == "move":
            return [
                path for path in [*self.folders, *self.names]
                for one in step[1:3] if path == one or path.startswith(one + "/")
            ]
        return [one for one in step[1:3] if isinstance(one, str)]

    def content(self, path):
        """As `read_tree`: bytes, None for a folder; KeyError where nothing is."""
        node = self.files.get(path)
        if node is not None:
            return node.content
        if path in self.folders:
            return None
        raise KeyError(path)

    # Choices. Nothing is made in memory here: a queue of more than one step must not build on what
    # others change, and nobody else changes anything.

    def new_name(self, kind):
        self.number += 1
        return os.path.join(self.chance.choice(self.folders), f"{kind}-{self.tag}-{self.number}")

    def some_bytes(self):
        size = self.chance.choice([1, 30, 500, 4096, 4096, 5000, 16384, 50000])
        return self.chance.randbytes(size)

    def make(self):
        if len(self.names) >= self.FILES_MAX or self.bytes > self.BYTES_MAX:
            return self.unlink()
        path = self.new_name("file")
        self.queue += [("create", path), ("write", path, 0, self.some_bytes())]

    def overwrite(self):
        if not self.names:
            return
        # The first few names are big ones that are written to all the time.
        path = self.chance.choice(self.names[:4] if self.chance.random() < 0.6 else self.names)
        limit = max(len(self.files[path].content), 1 << 20 if path in self.names[:4] else 4096)
        self.queue.append(
            ("write", path, self.chance.randrange(limit) & ~0xFFF, self.some_bytes()))

    def append(self):
        if self.names and self.bytes < self.BYTES_MAX:
            path = self.chance.choice(self.names)
            self.queue.append(("write", path, len(self.files[path].content), self.some_bytes()))

    def cut(self):
        if self.names:
            path = self.chance.choice(self.names)
            size = len(self.files[path].content)
            self.queue.append(
                ("truncate", path, self.chance.choice([0, size // 2, size, size + 5000])))

    def replace(self):
        if len(self.names) > 1:
            old, new = self.chance.sample(self.names, 2)
            self.queue.append(("rename", old, new))

    def move_file(self):
        if self.names:
            self.queue.append(("rename", self.chance.choice(self.names), self.new_name("moved")))

    def unlink(self):
        if len(self.names) > 8:
            self.queue.append(("unlink", self.chance.choice(self.names)))

    def make_folder(self):
        if len(self.folders) < 14:
            self.queue.append(("mkdir", self.new_name("folder")))

    def move_folder(self):
        movable = [path for path in self.folders if path]
        if movable:
            old = self.chance.choice(movable)
            new = self.new_name("folder")
            if not new.startswith(old + "/"):
                self.queue.append(("move", old, new))

    def remove_folder(self):
        empty = [
            one for one in self.folders
            if one and not any(other.startswith(one + "/") for other in [*self.folders, *self.names])
        ]
        if empty:
            self.queue.append(("rmdir", self.chance.choice(empty)))

    def save(self):
        """As editors do: write beside, fsync, rename over."""
        if self.names:
            path, draft = self.chance.choice(self.names), self.new_name("draft")
            self.queue += [
                ("create", draft), ("write", draft, 0, self.some_bytes()), ("fsync", draft),
                ("rename", draft, path),
            ]

    def flush(self):
        if self.names:
            self.queue.append(("fsync", self.chance.choice(self.names)))

    def flush_folder(self):
        self.queue.append(("fsyncdir", self.chance.choice(self.folders)))


class Moment:
    """Finds the step after which a folder looked as `found` does."""

    def __init__(self, before, seed, found):
        self.ledger = Ledger(before, seed)
        self.found = found
        self.wrong = set()
        for path in {*self.ledger.folders, *self.ledger.names, *found} - {""}:
            self.look(path)

    def look(self, path):
        missing = object()
        try:
            ours = self.ledger.content(path)
        except KeyError:
            ours = missing
        theirs = self.found.get(path, missing)
        if path and ours is not theirs and ours != theirs:
            self.wrong.add(path)
        else:
            self.wrong.discard(path)

    def search(self, steps):
        """(step, None) where `found` is a state within the first `steps` steps; otherwise the
        nearest step, and what is wrong there."""
        best = (0, set(self.wrong))
        for number in range(1, steps + 1):
            if not self.wrong:
                return number - 1, None
            # A step's paths, as they were before and as they are after it.
            earlier = {*self.ledger.folders, *self.ledger.names}
            if len(self.wrong) == 1:
                path = next(iter(self.wrong))
                before = self.ledger.files.get(path)
                before = None if before is None else bytes(before.content)
            step = self.ledger.next()
            if step[0] == "write" and self.wrong == {step[1]} and self.is_begun(before, step):
                return number, None
            for path in self.ledger.affected(step):
                self.look(path)
            if step[0] in ("move", "rename", "unlink", "rmdir"):
                for path in earlier - {*self.ledger.folders, *self.ledger.names}:
                    self.look(path)
            if len(self.wrong) < len(best[1]):
                best = (number, set(self.wrong))
        return (steps, None) if not self.wrong else best

    def is_begun(self, before, step):
        """Whether the one file that differs shows a write's first part. No file system promises that
        a write is one step, and the kernel may hand it over page by page."""
        offset, data = step[2], step[3]
        found = self.found.get(step[1])
        if not isinstance(found, bytes):
            return False
        for count in range(-offset % 4096, len(data), 4096):
            part = bytearray(before)
            part.extend(bytes(max(0, offset - len(part))))
            part[offset:offset + count] = data[:count]
            if count and part == found:
                return True
        return False

    def explain(self, before, seed, step):
        """How the folder differs from the state after a step, and the steps around it."""
        ledger = Ledger(before, seed)
        lines = []
        for number in range(1, step + 4):
            if number == step + 1:
                for path in sorted({*ledger.folders, *ledger.names, *self.found} - {""}):
                    line = self.difference(ledger, path)
                    if line:
                        lines.append(line)
            done = ledger.next()
            if number > step - 3:
                lines.append(f"step {number}: {' '.join(short(part) for part in done)}")
        return lines

    def difference(self, ledger, path):
        theirs = self.found.get(path, "nothing")
        try:
            ours = ledger.content(path)
        except KeyError:
            ours = "nothing"
        if ours == theirs:
            return None
        if isinstance(ours, bytearray) and isinstance(theirs, bytes):
            places = [
                place for place in range(0, max(len(ours), len(theirs)), 512)
                if ours[place:place + 512] != theirs[place:place + 512]
            ]
            zeros = sum(not any(theirs[place:place + 512]) for place in places)
            return (
                f"{path}: {len(theirs)} bytes, expected {len(ours)}; {len(places)} pieces of 512 "
                f"differ from {places[:1]} to {places[-1:]}, {zeros} of them zeros")
        return f"{path}: {short(theirs)}, expected {short(ours)}"


def short(value):
    if isinstance(value, (bytes, bytearray)):
        return f"<{len(value)} bytes>"
    return "a folder" if value is None else str(value)
