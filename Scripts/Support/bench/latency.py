"""From before a write on the source until its bytes can be read on the target."""
import os
import subprocess

from common.workshop import NoResult

from .figures import Figure

INTERVAL_MICROSECONDS = 2000


def measure(bench):
    count = 1000 if bench.quick else 5000
    p50 = Figure("write to visible, p50", "ms", "less", 1.0)
    p99 = Figure("write to visible, p99", "ms", "less", 5.0)
    most = Figure("write to visible, longest", "ms", "less")
    floor50 = Figure("the same without Understudy, p50", "ms", "less")
    floor99 = Figure("the same without Understudy, p99", "ms", "less")
    figures = [p50, p99, most, floor50, floor99]
    with bench.rig(2) as rig:
        servers = bench.servers(rig)
        written = os.path.join(servers.folder, "latency")
        bare = os.path.join(rig.disk, "bare")
        for path in (servers.under(written), bare):
            with open(path, "wb") as file:
                file.write(bytes(count * 4096))
        servers.connect(mirror=True)
        seen = os.path.join(servers.under(servers.copy), "latency")
        for turn in range(1 if bench.quick else 3):
            fresh(servers, written, bare, count)
            both = bench.pair(turn, {
                "ours": lambda: latencies(bench, written, seen, count),
                "bare": lambda: latencies(bench, bare, bare, count),
            })
            for figure, value in zip((p50, p99, most), both["ours"]):
                figure.add(value)
            for figure, value in zip((floor50, floor99), both["bare"]):
                figure.add(value)
            bench.tell(p50, p99, most)
    return figures


def fresh(servers, written, bare, count):
    """No stamp of an earlier turn is in the files."""
    for path in (written, bare):
        with open(path, "r+b") as file:
            file.write(bytes(count * 4096))
    servers.sync()
    servers.rig.settle()


def latencies(bench, written, seen, count):
    """p50, p99 and longest in milliseconds.

    The reader never sleeps; it gives way to others, because it is the measure and not the load.
    """
    reader = subprocess.Popen(
        ["nice", "-n", "19", bench.programs.bench, "latency-reader", seen, str(count), "20"],
        text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        bench.workload("latency-writer", written, count, INTERVAL_MICROSECONDS)
        output, problem = reader.communicate(timeout=60)
    finally:
        reader.kill()
        reader.wait()
    if reader.returncode != 0:
        raise NoResult(problem.strip())
    return [int(word) / 1000 for word in output.split()[1:]]
