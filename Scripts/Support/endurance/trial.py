"""What a trial is, and what it is given."""
import random
import statistics
import time


class RoundFailure(Exception):
    """A promise that was not kept."""


class Round:
    """One round: its number, its seed, and chance that only depends on the seed."""

    def __init__(self, number, seed, is_quick):
        self.number, self.seed, self.is_quick = number, seed, is_quick
        self.chance = random.Random(seed)
        self.begun = time.monotonic()

    def require(self, condition, text):
        if not condition:
            raise RoundFailure(text)


class Trial:
    """A subclass in a file of `trials/` is a trial. It gets a place to work in (`open`), rounds
    (`round`), and is closed at the end or after a failed round; then the next round opens anew."""

    # On the command line; None: not a trial but what trials share.
    name = None
    # One line for --help.
    summary = ""
    # Where it stands in the order of trials.
    place = 50
    rounds = 100
    quick_rounds = 3
    # Commands that it needs, with the packages that have them.
    needed = {}

    def __init__(self, programs, is_quick):
        self.programs, self.is_quick = programs, is_quick
        self.stage = None
        # What a failed round was about, for its evidence.
        self.about = ""
        self.values = {}
        self.counts = {}

    def open(self):
        """Makes what all rounds use: `stage`."""

    def close(self):
        """Takes it down; must work whatever `open` and `round` did."""
        if self.stage is not None:
            self.stage.close()

    def round(self, round):
        """One round; RoundFailure where a promise was not kept.

        Answers a few words for the progress line."""
        raise NotImplementedError

    def evidence(self, folder):
        """Keeps in `folder` what explains a failure, before `close`."""
        if self.stage is not None:
            self.stage.keep_evidence(folder)

    # Figures

    def note(self, name, value):
        """One value of a series: the median and the largest are shown at the end."""
        self.values.setdefault(name, []).append(value)

    def count(self, name, amount=1):
        self.counts[name] = self.counts.get(name, 0) + amount

    def figures(self):
        figures = dict(self.counts)
        for name, values in self.values.items():
            figures[name] = {
                "median": statistics.median(values), "largest": max(values), "count": len(values),
            }
        return figures
