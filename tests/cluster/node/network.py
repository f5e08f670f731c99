"""The node's network: a bridge with the node's address, and no way out."""

import socket

from tests.cluster.node.namespaces import Namespaces
from tests.cluster.node.run import Addresses

_BRIDGE = "node0"


def create(namespaces: Namespaces, addresses: Addresses) -> None:
    """Set up the interfaces in new namespaces.

    A bridge carries the address because some kernels for virtual machines have no dummy device. Services need a route,
    or packets to them would be refused before they are redirected; whatever else is tried fails at once, and does not
    wait for an answer that cannot come.
    """
    namespaces.run(
        "ip",
        "-batch",
        "-",
        text_input=f"""\
link set lo up
link add {_BRIDGE} type bridge
address add {addresses.node}/{addresses.node_prefix} dev {_BRIDGE}
link set {_BRIDGE} up
route add {addresses.services} dev {_BRIDGE}
route add unreachable default
""",
    )
    namespaces.run("sysctl", "-qw", "net.ipv4.ip_forward=1")


def accepts(host: str, port: int) -> bool:
    """Whether a TCP connection is accepted there, seen from the network of the calling thread."""
    try:
        socket.create_connection((host, port), timeout=1).close()
    except OSError:
        return False
    return True
