"""Ports for servers that have to be told theirs before they listen."""

import socket
from pathlib import Path
from random import SystemRandom

_HANDED_OUT = Path("/proc/sys/net/ipv4/ip_local_port_range")
_LOWEST, _USUALLY_HANDED_OUT = 10_000, 32_768


def free_port(host: str = "127.0.0.1") -> int:
    """A port on which nobody listens."""
    (port,) = free_ports(1, host)
    return port


def free_ports(count: int, host: str = "127.0.0.1") -> list[int]:
    """Different ports on which nobody listens, and which the system hands out to nobody.

    Who is to listen there may import for seconds first. A port that the system had chosen, and was given back, could be
    some client's by then, or another server's.
    """
    found: list[int] = []
    for port in SystemRandom().sample(range(_LOWEST, _first_handed_out()), 100 * count):
        if len(found) < count and _is_free(host, port):
            found.append(port)
    assert len(found) == count, f"there are no {count} free ports on {host}"
    return found


def _first_handed_out() -> int:
    first = int(_HANDED_OUT.read_text().split()[0]) if _HANDED_OUT.exists() else _USUALLY_HANDED_OUT
    return first if first >= 2 * _LOWEST else 2**16  # where nearly all are handed out, any may be taken


def _is_free(host: str, port: int) -> bool:
    try:
        socket.create_server((host, port)).close()
    except OSError:
        return False
    return True
