"""Writes the server's reference from its code: `python -m transformermodel_cli.server_reference [--check]`."""

import inspect
import json
import re
import sys
from collections.abc import Iterable
from pathlib import Path

import typer
from starlette.routing import Route

from transformermodel_api.generate import main
from transformermodel_cli import serve
from transformermodel_predictor.artifact.configuration import ModelConfiguration
from transformermodel_predictor.protocols.sizes import RequestLimits
from transformermodel_predictor.server.environment import VARIABLES
from transformermodel_predictor.server.handlers.archives import Archives
from transformermodel_predictor.server.inference import Inference
from transformermodel_predictor.server.management.registrar import Registrar
from transformermodel_predictor.server.management.routes import ManagementRoutes
from transformermodel_predictor.server.models.models import Models
from transformermodel_predictor.server.routes.openapi import openapi_document, path_of, summary
from transformermodel_predictor.server.routes.urls import make_routes
from transformermodel_predictor.telemetry.metrics import Metrics
from transformermodel_predictor.telemetry.requests import RequestMeter
from transformermodel_predictor.torchserve.handler_observer import UnobservedHandler

_HEAD = """# The server

Written from the code by `make generate`; `GET /openapi.json` and [openapi.json](openapi.json) say the same of the URLs
to programs. gRPC is V2's `inference.GRPCInferenceService`, with `RepositoryIndex`, `grpc.health.v1` and reflection.

Errors are `{"error": "one line"}` with 400 (malformed), 401 (no token), 404 (no such model or version), 413 (body or
text too large, or too many rows), 415 (a compressed body), 503 (not ready, or too busy, with Retry-After) or 504 (the
client's timeout has passed). gRPC has INVALID_ARGUMENT, UNAUTHENTICATED, NOT_FOUND, RESOURCE_EXHAUSTED, UNAVAILABLE and
DEADLINE_EXCEEDED. TorchServe's and OpenAI's URLs answer in their own forms, and a handler with the status that it
chooses ([torchserve-api.md](torchserve-api.md)). Floats among gRPC's parameters travel as strings, unless a client has
a field for them, as Triton's has. A member of V1's or V2's body that is nearly one of the protocol's, such as
`parametres`, is refused, because what it says would be lost; others that are unknown are passed over, as KServe does.
Of several rows an error names the one at fault; an error in `parameters`, which hold for all of them, names none.
Handlers alone answer GET at TorchServe's URLs: prepared models take what is sent there, by POST or PUT.

On SIGTERM the server is not ready for `--drain-seconds` and serves on, then takes nothing new, and what has begun may
take `--finish-seconds` more; what takes longer is answered with 503. SIGINT (Ctrl-C) ends it at once, also meanwhile.
Its exit status is 0; that of a server that still prepares is 143, or 130. Its ports are its own before it prepares
anything: a client of HTTP that comes meanwhile waits, one of gRPC is refused.

OpenAI's `logprobs` and `top_logprobs` tell the model's own distribution, before penalties, temperature, top_k and
top_p. They belong to the text that is generated: neither the token that ends it nor a stop string has any, and together
with `echo` they are refused. `text_offset` counts from the beginning of the choice's text, in code points. A token that
is a part of a character is written as its bytes: `bytes:\\xe2\\x80`.

The `prompt` of OpenAI's completions may be token ids, or lists of them: they are read as they are, none is added, and
`echo` writes all of them, special ones too. `best_of` may be what `n` is: no choices are made that are not answered.
"""

_KEYS = {"better_transformer": "BetterTransformer"}
"""Keys of model-config.yaml that are no names of attributes."""


def server_page() -> str:
    """The page, in Markdown."""
    urls = _urls(_routes())
    parts = (
        _HEAD,
        _table("URLs", ("URL", "Answer"), urls),
        _table("URLs of the management API", ("URL", "Answer"), _management_urls()),
        _table("Flags of `transformermodel serve`", ("Flag", "Meaning"), _flags()),
        _table("Environment", ("Variable", "Meaning"), ((f"`{name}`", text) for name, text in VARIABLES.items())),
        _table("`handler` in model-config.yaml", ("Key", "Meaning"), _configuration_keys()),
        _table("Metrics", ("Metric", "Meaning"), Metrics().described()),
    )
    return "\n".join(parts)


def _urls(routes: Iterable[Route]) -> list[tuple[str, str]]:
    return [(f"{_methods(route)} `{path_of(route)}`", summary(route)) for route in routes]


def _management_urls() -> list[tuple[str, str]]:
    models = Models({})
    return _urls(ManagementRoutes(models, Registrar(models, Archives(lambda _: UnobservedHandler()), None)).routes())


def _routes() -> list[Route]:
    metrics = Metrics()
    models = Models({})
    return make_routes(
        models, Inference(models, RequestLimits(text_bytes=0, rows=0), RequestMeter(metrics)), metrics, 0
    )


def _methods(route: Route) -> str:
    return ", ".join(sorted((route.methods or set()) - {"HEAD"}))


def _flags() -> Iterable[tuple[str, str]]:
    application = typer.Typer(add_completion=False)
    application.command()(serve.command)
    for parameter in typer.main.get_command(application).params:
        text = getattr(parameter, "help", None)
        if not text or parameter.name == "help":
            continue
        names = [name for name in (*parameter.opts, *parameter.secondary_opts) if name.startswith("--")]
        shown = ", ".join(f"`{name}`" for name in names) or f"`{parameter.metavar}`"
        default = parameter.default
        told = f" Default: {default}." if isinstance(default, int | float) and not isinstance(default, bool) else ""
        yield shown, f"{text}{told}"


def _configuration_keys() -> Iterable[tuple[str, str]]:
    """The attributes of `ModelConfiguration`, as its docstring explains them."""
    section = (inspect.getdoc(ModelConfiguration) or "").partition("Attributes:\n")[2]
    for name, text in re.findall(r"^ {4}(\w+): (.+(?:\n {8}.+)*)", section, re.MULTILINE):
        yield f"`{_KEYS.get(name, name)}`", " ".join(text.split())


def _table(title: str, head: tuple[str, str], rows: Iterable[tuple[str, str]]) -> str:
    lines = [f"| {left} | {right.replace('|', chr(92) + '|')} |" for left, right in rows]
    return "\n".join([f"## {title}", "", f"| {head[0]} | {head[1]} |", "|--|--|", *lines, ""])


def generated_files(root: Path) -> dict[Path, str]:
    """Path and content of what is written."""
    document = json.dumps(openapi_document(_routes()), indent=2) + "\n"
    return {root / "docs" / "server.md": server_page(), root / "docs" / "openapi.json": document}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], generated_files))
