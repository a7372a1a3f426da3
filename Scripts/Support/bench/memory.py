"""Memory of the source's server and its capture: idle, and with a full queue."""
import os
import signal
import threading
import time

from common.workshop import run

from .figures import Figure

QUEUE_MEGABYTES = 128
OWN_MEGABYTES = 60


def measure(bench):
    idle = Figure("memory, connected and idle", "MB", "less", OWN_MEGABYTES)
    load = Figure(
        "memory, queue full, the most", "MB", "less", OWN_MEGABYTES + QUEUE_MEGABYTES)
    after = Figure("memory, two seconds after the target went on", "MB", "less")
    with bench.rig(2) as rig:
        servers = bench.servers(rig)
        path = os.path.join(servers.folder, "poured")
        with open(servers.under(path), "wb") as file:
            file.write(bytes(256 << 20))
        servers.connect(mirror=True)
        rig.settle()
        time.sleep(2)
        idle.add(megabytes(servers))
        bench.tell(idle)
        load.add(poured(bench, servers, path))
        time.sleep(2)
        after.add(megabytes(servers))
        bench.tell(load, after)
    return [idle, load, after]


def poured(bench, servers, path):
    """The most memory while an application writes for ten seconds and the target stands still."""
    seconds = 3 if bench.quick else 10
    most = megabytes(servers)
    servers.beta.send_signal(signal.SIGSTOP)
    try:
        writer = threading.Thread(target=bench.workload, args=("pour", path, seconds))
        writer.start()
        while writer.is_alive():
            most = max(most, megabytes(servers))
            writer.join(0.2)
        return max(most, megabytes(servers))
    finally:
        servers.beta.send_signal(signal.SIGCONT)


def megabytes(servers):
    """Proportional shares of the server and its captures: pages that both use count once."""
    total = 0
    for process in [servers.alpha.pid] + servers.captures():
        for line in run("cat", f"/proc/{process}/smaps_rollup").splitlines():
            if line.startswith("Pss:"):
                total += int(line.split()[1])
    return total * 1024 / 1e6
