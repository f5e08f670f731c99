"""Where the server listens."""

import errno
import ipaddress
import socket
from collections.abc import Mapping
from dataclasses import dataclass

from transformermodel_api.errors import UserError

_BACKLOG = 2048


@dataclass(frozen=True)
class Addresses:
    """Where a server can be asked from this machine.

    Attributes:
        url: the HTTP server.
        grpc: host and port of the gRPC server; None where gRPC is not spoken.
        metrics: the URL on a port of its own where Prometheus is answered; None without one.
        management: the management API; None without one.
    """

    url: str
    grpc: str | None = None
    metrics: str | None = None
    management: str | None = None


def in_pod(environment: Mapping[str, str]) -> bool:
    """Whether this process runs in a Kubernetes pod."""
    return "KUBERNETES_SERVICE_HOST" in environment


def default_host(environment: Mapping[str, str]) -> str:
    """All interfaces in a Kubernetes pod, which nothing could reach otherwise; loopback anywhere else."""
    return "0.0.0.0" if in_pod(environment) else "127.0.0.1"  # noqa: S104 - in a pod only


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches an address."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def listen(host: str, port: int, flag: str = "--http-port") -> socket.socket:
    """A listening socket; connections wait in it until the server takes them.

    Args:
        host: a name or an address.
        port: 0 takes a free one.
        flag: what the user calls the port.

    Raises:
        UserError: the port is in use or not allowed, or the host is none of this machine's.
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
    """A socket that keeps a port for a server that makes its own, as gRPC's does; it refuses connections.

    That server has to be this user's and to share the port (SO_REUSEPORT). Whoever does not share is kept out, and
    whoever may share asks first whether the port is free, as this does.

    Args:
        host: a name or an address.
        port: 0 takes a free one.
        flag: what the user calls the port.

    Raises:
        UserError: the port is in use or not allowed, or the host is none of this machine's.
    """
    with listen(host, port, flag) as asking:
        family, address = asking.family, asking.getsockname()
    holder = socket.socket(family, socket.SOCK_STREAM)
    try:
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # connections of a server before it may linger
        holder.bind(address)
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 0)  # and no other server shares it for that reason
    except OSError as error:
        holder.close()
        raise UserError(_refused(host, address[1], flag, error)) from error
    return holder


def url_of(listener: socket.socket, scheme: str = "http") -> str:
    """The URL under which a client on this machine reaches the socket."""
    return f"{scheme}://{place_of(listener)}"


def place_of(listener: socket.socket) -> str:
    """Host and port under which a client on this machine reaches the socket."""
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
