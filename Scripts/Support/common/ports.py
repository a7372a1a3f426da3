"""TCP ports that nobody uses."""
import socket

from .workshop import NoResult


def port_for(*addresses):
    """A TCP port that is free on every address."""
    for _ in range(100):
        sockets = []
        try:
            port = 0
            for address in addresses:
                sockets.append(socket.socket())
                sockets[-1].bind((address, port))
                port = sockets[-1].getsockname()[1]
            return port
        except OSError:
            continue
        finally:
            for one in sockets:
                one.close()
    raise NoResult(f"no port is free on all of {', '.join(addresses)}")
