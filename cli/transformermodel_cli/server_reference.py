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

`transformermodel serve` and every predictor pod run this server. [tasks.md](tasks.md) has the inputs, outputs and
parameters of each task, [torchserve-api.md](torchserve-api.md) TorchServe's URLs and the management API. For programs,
[openapi.json](openapi.json) and `GET /openapi.json` describe the URLs. gRPC is V2's `inference.GRPCInferenceService`,
with `RepositoryIndex`, `grpc.health.v1` and reflection.

## Errors

| HTTP | gRPC | When |
|--|--|--|
| 400 | INVALID_ARGUMENT | the request is malformed |
| 401 | UNAUTHENTICATED | the token is missing or wrong |
| 404 | NOT_FOUND | there is no such model or version |
| 413 | RESOURCE_EXHAUSTED | the body or a text is too large, or there are too many rows |
| 415 | | the body is compressed |
| 503 | UNAVAILABLE; RESOURCE_EXHAUSTED when too busy | not ready, or too busy, with `Retry-After` |
| 504 | DEADLINE_EXCEEDED | the client's timeout has passed |

- The body is `{"error": "one line"}`. TorchServe's and OpenAI's URLs answer in their own forms, and a handler with the
  status that it chooses.
- Of several rows, the error names the one at fault. An error in `parameters` names none: they apply to all rows.
- A misspelt member of a V1 or V2 body, such as `parametres`, is refused, so that it is not silently lost. Other unknown
  members are ignored, as KServe does.
- gRPC's parameters have no fractions: send them as strings, unless your client has a field for them, as Triton's does.
- GET at TorchServe's URLs is for handlers; prepared models want POST or PUT.

## Start and stop

The server takes its ports before it prepares anything. While it prepares, HTTP clients wait and gRPC clients are
refused; while it loads the models, requests get 503.

- **SIGTERM**: the server reports not ready and serves on for `--drain-seconds`. Then it takes no new requests, and
  those that have begun get `--finish-seconds` more; what is left is answered with 503.
- **SIGINT** (Ctrl-C): it ends at once, also while it drains.
- **Exit status**: 0. While it still prepares: 143 after SIGTERM, 130 after SIGINT.

## OpenAI's API

- `logprobs` and `top_logprobs` are the model's own distribution, before penalties, temperature, top_k and top_p. They
  cover the generated text: neither the token that ends it nor a stop string has any. They cannot be combined with
  `echo`.
- `text_offset` counts code points from the beginning of the choice's text. A token that is part of a character is
  written as its bytes: `bytes:\\xe2\\x80`.
- The `prompt` of a completion may be token ids, or lists of them. They are read as they are, without any added;
  `echo` writes them all, special ones too.
- `best_of` must equal `n`: no choices are made that are not returned.
"""

_KEYS = {"better_transformer": "BetterTransformer"}
"""Keys of model-config.yaml that differ from the attribute's name."""


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
    models = Models()
    return _urls(ManagementRoutes(models, Registrar(models, Archives(lambda _: UnobservedHandler()), None)).routes())


def _routes() -> list[Route]:
    metrics = Metrics()
    models = Models()
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
    """Paths and contents of the generated files."""
    document = json.dumps(openapi_document(_routes()), indent=2) + "\n"
    return {root / "docs" / "server.md": server_page(), root / "docs" / "openapi.json": document}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], generated_files))
