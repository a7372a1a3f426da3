"""The programs under test: those that UNDERSTUDY_PROGRAMS names, or built now."""
import os
import subprocess
import sys

from .workshop import NoResult, run

ROOT = os.path.realpath(os.path.join(os.path.dirname(__file__), "..", "..", ".."))
PRODUCTS = ("understudyd", "understudy-capture", "dtcl", "understudy-bench", "understudy-fuzz")


class Programs:
    """Paths of the programs, all from one folder."""

    def __init__(self, folder, wanted=PRODUCTS):
        self.folder = folder
        for name in wanted:
            path = os.path.join(folder, name)
            if not os.access(path, os.X_OK):
                raise NoResult(f"'{path}' is not there")
        self.understudyd = os.path.join(folder, "understudyd")
        self.capture = os.path.join(folder, "understudy-capture")
        self.dtcl = os.path.join(folder, "dtcl")
        self.bench = os.path.join(folder, "understudy-bench")

    @classmethod
    def given_or_built(cls, wanted=PRODUCTS):
        folder = os.environ.get("UNDERSTUDY_PROGRAMS")
        if not folder:
            build = ["swift", "build", "-c", "release", "--static-swift-stdlib"]
            for product in wanted:
                subprocess.run(
                    build + ["--product", product], cwd=ROOT, check=True, stdout=sys.stderr)
            folder = run(*build, "--show-bin-path", cwd=ROOT).strip()
        return cls(os.path.realpath(folder), wanted)
