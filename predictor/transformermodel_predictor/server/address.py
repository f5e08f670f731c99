"""The addresses and sockets on which a server listens."""

import errno
import ipaddress
import socket
from collections.abc import Mapping
from dataclasses import dataclass

from transformermodel_api.errors import UserError

_BACKLOG = 2048


@dataclass(frozen=True)
class Addresses:
    """The addresses of a server, as seen from this machine.

    Attributes:
        url: URL of the HTTP server.
        grpc: host and port of the gRPC server; None if there is none.
        metrics: URL of the metrics on a port of their own; None if they have none.
        management: URL of the management API; None if there is none.
    """

    url: str
    grpc: str | None = None
    metrics: str | None = None
    management: str | None = None


def in_pod(environment: Mapping[str, str]) -> bool:
    """Whether this process runs in a Kubernetes pod."""
    return "KUBERNETES_SERVICE_HOST" in environment


def default_host(environment: Mapping[str, str]) -> str:
    """All interfaces in a Kubernetes pod, which would be unreachable otherwise; loopback anywhere else."""
    return "0.0.0.0" if in_pod(environment) else "127.0.0.1"  # noqa: S104 - in a pod only


def is_loopback(host: str) -> bool:
    """Whether an address can be reached from this machine alone."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def listen(host: str, port: int, flag: str = "--http-port") -> socket.socket:
    """Open a listening socket; connections wait in its backlog until the server accepts them.

    Args:
        host: a name or an address.
        port: 0 for any free port.
        flag: the flag that sets the port, for error messages.

    Raises:
        UserError: the port is in use or not allowed, or the host is not this machine's.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener = socket.socket(family, kind, protocol)
    except OSError as error:
        raise UserError(f"cannot listen on host {host!r}: {error.strerror}. Name another with --host.") from error
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(_BACKLOG)
    except OSError as error:
        listener.close()
        raise UserError(_refused(host, port, flag, error)) from error
    listener.setblocking(False)
    return listener


def hold(host: str, port: int, flag: str) -> socket.socket:
    """Reserve a port for a server that opens its own socket, as gRPC's does. The returned socket does not listen.

    The server must run as the same user and share the port (SO_REUSEPORT). Processes that do not share it are kept out;
    other servers of ours check first, as this function does, that the port is free.

    Args:
        host: a name or an address.
        port: 0 for any free port.
        flag: the flag that sets the port, for error messages.

    Raises:
        UserError: the port is in use or not allowed, or the host is not this machine's.
    """
    with listen(host, port, flag) as probe:
        family, address = probe.family, probe.getsockname()
    holder = socket.socket(family, socket.SOCK_STREAM)
    try:
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # an earlier server's connections may linger
        holder.bind(address)
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 0)  # else other servers could bind it, too
    except OSError as error:
        holder.close()
        raise UserError(_refused(host, address[1], flag, error)) from error
    return holder


def url_of(listener: socket.socket, scheme: str = "http") -> str:
    """The URL at which a client on this machine reaches the socket."""
    return f"{scheme}://{host_and_port(listener)}"


def host_and_port(listener: socket.socket) -> str:
    """Host and port at which a client on this machine reaches the socket."""
    host, port = listener.getsockname()[:2]
    address = ipaddress.ip_address(host.partition("%")[0])
    if address.is_unspecified:
        return f"localhost:{port}"
    return f"[{host}]:{port}" if address.version == 6 else f"{host}:{port}"


def _refused(host: str, port: int, flag: str, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"port {port} on {host} is in use. Stop what uses it, or name another with {flag}."
    if error.errno == errno.EACCES:
        return f"port {port} needs more rights than this process has. Name one above 1023 with {flag}."
    return f"cannot listen on {host}:{port}: {error.strerror}. Name another address with --host and {flag}."
