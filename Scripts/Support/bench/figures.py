"""Medians, quartiles, verdicts, and how they are shown."""
import statistics


def quartiles(values):
    """First quartile, median, third quartile."""
    if len(values) < 2:
        return values[0], values[0], values[0]
    low, middle, high = statistics.quantiles(values, n=4, method="inclusive")
    return low, middle, high


class Figure:
    """One thing measured: our values, the rival's, and the goal.

    With a rival the figure is the ratio ours / rival's of each pair; without, our own values.
    `better` says whether less or more is better; `goal` is the bound of the median, or None.
    """

    def __init__(self, name, unit, better, goal=None, rival=None, note=""):
        self.name, self.unit, self.better = name, unit, better
        self.goal, self.rival, self.note = goal, rival, note
        self.ours, self.theirs = [], []

    def add(self, ours, theirs=None):
        self.ours.append(ours)
        if theirs is not None:
            self.theirs.append(theirs)

    @property
    def judged(self):
        if self.rival is None:
            return self.ours
        return [ours / theirs for ours, theirs in zip(self.ours, self.theirs)]

    @property
    def met(self):
        if self.goal is None:
            return None
        middle = quartiles(self.judged)[1]
        return middle <= self.goal if self.better == "less" else middle >= self.goal

    def record(self):
        low, middle, high = quartiles(self.judged)
        result = {
            "name": self.name, "unit": self.unit, "ours": self.ours, "median": middle,
            "quartiles": [low, high], "better": self.better, "goal": self.goal, "met": self.met,
        }
        if self.rival is not None:
            result.update(rival=self.rival, theirs=self.theirs)
        if self.note:
            result["note"] = self.note
        return result

    def cells(self):
        """What, ours, rival, ratio (quartiles), goal, verdict: all text."""
        low, middle, high = quartiles(self.judged)
        ours = f"{number(statistics.median(self.ours))} {self.unit}"
        if self.rival is None:
            theirs, judged = "", ""
            if len(self.ours) > 1:
                judged = f"({number(low)} to {number(high)})"
        else:
            theirs = f"{number(statistics.median(self.theirs))} {self.unit}"
            judged = f"{middle:.2f} ({low:.2f} to {high:.2f})"
        sign = "≤" if self.better == "less" else "≥"
        if self.goal is None:
            goal = ""
        elif self.rival is None:
            goal = f"{sign} {number(self.goal)} {self.unit}"
        else:
            goal = f"{sign} {self.goal}"
        verdict = {None: "", True: "met", False: "missed"}[self.met]
        return [self.name, ours, theirs, judged, goal, verdict]


def number(value):
    """About three digits that mean something."""
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"


HEADINGS = ["what", "Understudy", "rival", "ratio", "goal", ""]


def table(figures):
    """Columns for a terminal."""
    rows = [HEADINGS] + [figure.cells() for figure in figures]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADINGS))]
    lines = []
    for row in rows:
        cells = [text.ljust(width) for text, width in zip(row, widths)]
        lines.append("  ".join(cells).rstrip())
    return "\n".join(lines)


def markdown(figures):
    """The table of Docs/Benchmarks.md."""
    lines = ["| what | Understudy | rival | ratio (quartiles) | goal | |"]
    lines.append("|---|--:|--:|--:|--:|---|")
    for figure in figures:
        lines.append("| " + " | ".join(figure.cells()) + " |")
    return "\n".join(lines)
