"""The flags of `serve` for the server, with KServe's spellings as aliases."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from transformermodel_api.errors import UserError

HTTP_PORT = 8080
GRPC_PORT = 8081

HostFlag = Annotated[
    str | None, typer.Option("--host", help="Address to listen on (default: 127.0.0.1; all interfaces in a pod).")
]
HTTPPortFlag = Annotated[
    int, typer.Option("--http-port", "--http_port", min=0, max=65535, help="HTTP port; 0 takes a free one.")
]
GRPCPortFlag = Annotated[
    int, typer.Option("--grpc-port", "--grpc_port", min=0, max=65535, help="gRPC port; 0 switches gRPC off.")
]
MetricsPortFlag = Annotated[
    int | None,
    typer.Option(
        "--metrics-port",
        "--metrics_port",
        min=0,
        max=65535,
        help="Further port with /metrics only, without the token and without TLS; 0 takes a free one (default: none).",
    ),
]
DrainSecondsFlag = Annotated[
    float, typer.Option("--drain-seconds", min=0, help="After SIGTERM, how long to serve on while reporting not ready.")
]
FinishSecondsFlag = Annotated[
    int, typer.Option("--finish-seconds", min=0, help="After that, how long running requests may take to finish.")
]
MaxBodyBytesFlag = Annotated[
    int, typer.Option("--max-body-bytes", min=1, help="Largest body or gRPC message that is read; others get 413.")
]
MaxTextBytesFlag = Annotated[
    int, typer.Option("--max-text-bytes", min=1, help="Most bytes of text in one question; others get 413.")
]
MaxRowsFlag = Annotated[
    int,
    typer.Option(
        "--max-rows",
        "--max_rows",
        min=1,
        help="Most rows in one request (instances, texts of a tensor, prompts or messages); others get 413.",
    ),
]
CertificateFlag = Annotated[
    Path | None,
    typer.Option(
        "--ssl-certfile",
        "--ssl_certfile",
        help="PEM file of the TLS certificate, for HTTP and gRPC; a renewed one is used from the next connection on.",
    ),
]
KeyFlag = Annotated[
    Path | None, typer.Option("--ssl-keyfile", "--ssl_keyfile", help="PEM file of the certificate's private key.")
]
TokenFileFlag = Annotated[
    Path | None,
    typer.Option(
        "--token-file",
        help="File with the bearer token that clients must send; else $TRANSFORMERMODEL_TOKEN. Health needs none.",
    ),
]
PlaygroundFlag = Annotated[
    bool | None,
    typer.Option(
        "--playground/--no-playground",
        help="A page at /playground to try the models with (default: on loopback, but not in a pod).",
        show_default=False,
    ),
]
AccessLogFlag = Annotated[
    bool, typer.Option("--access-log/--no-access-log", help="Log a line per request, without its text.")
]


def require_different_ports(ports: Mapping[str, int | None]) -> None:
    """Refuse two listeners on one port.

    Args:
        ports: ports by flag; None is no listener, 0 any free port.

    Raises:
        UserError: two flags have the same port.
    """
    flags: dict[int, str] = {}
    for flag, port in ports.items():
        if port and (other := flags.setdefault(port, flag)) != flag:
            raise UserError(f"{other} and {flag} are both {port}: name a port for each")
