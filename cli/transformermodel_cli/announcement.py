"""Messages of `serve` while it loads and when it is ready: its addresses, and a command to try it."""

import json
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from transformermodel_api.spec import TaskName
from transformermodel_cli.served_models import has_handler
from transformermodel_cli.subjects import ArtifactSubject, ManifestSubject, StoreSubject, Subject

if TYPE_CHECKING:
    from transformermodel_predictor.server.address import Addresses

_EXAMPLE_TEXT = "I love this movie, it was fantastic!"
_EXAMPLE_QUESTION = {"question": "Where do I live?", "context": "My name is Sarah and I live in London."}

_MOST_NAMED = 3


def announce_loading(names: Sequence[str]) -> None:
    """Print on standard error which models are being loaded, which takes seconds."""
    if not names:  # an empty store
        return
    named, more = ", ".join(names[:_MOST_NAMED]), len(names) - _MOST_NAMED
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    console.print(f"Loading {named}{f' and {more} more' if more > 0 else ''}", style="bold", markup=False)


def curl_command(certificate: Path | None, token_file: Path | None, *, wants_token: bool) -> str:
    """The curl command for a server with its own certificate or a token; the token itself is not shown.

    Args:
        certificate: PEM file; plain HTTP if None.
        token_file: holds the token; if None, the environment does.
        wants_token: whether the server requires a token.
    """
    trusted = f" --cacert {shlex.quote(str(certificate))}" if certificate else ""
    token = f"$(cat {shlex.quote(str(token_file))})" if token_file else "$TRANSFORMERMODEL_TOKEN"
    return f"curl -s{trusted}" + (f' -H "Authorization: Bearer {token}"' if wants_token else "")


def announce(addresses: "Addresses", subject: Subject, *, playground: bool, curl: str = "curl -s") -> None:
    """Print on standard error that a server is ready, and a request to its first model.

    Args:
        addresses: the server's.
        subject: the model to request.
        playground: whether the server has a page to try models.
        curl: the command with the options that every request needs.
    """
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    console.print(f"Serving on {addresses.url} (Ctrl-C stops)", style="bold green")
    named = {"gRPC": addresses.grpc, "Metrics": addresses.metrics, "Management": addresses.management}
    for name, address in named.items():
        if address is not None:
            console.print(f"{name} on {address}", markup=False)
    console.print("Try it:")
    console.print(f"  {curl} {_request(addresses.url, subject)}", markup=False)
    if playground:
        console.print(f"  or open {addresses.url}/playground", markup=False)


def _request(url: str, subject: Subject) -> str:
    """Arguments of `curl` for a command to paste: with the first golden question, else a sentence."""
    tests = subject.model.spec.tests if isinstance(subject, ManifestSubject) else None
    asked = tests[0].input.model_dump(exclude_none=True) if tests else {}
    text = asked.get("text", _EXAMPLE_TEXT)
    if has_handler(subject) or _is_prepared_archive(subject):
        name = subject.store.models[0].name if isinstance(subject, StoreSubject) else subject.name
        body, kind = (json.dumps(asked), "application/json") if len(asked) > 1 else (text, "text/plain")
        return f"{url}/predictions/{name} -H 'Content-Type: {kind}' -d {_quoted(body)}"
    fields = asked or (_EXAMPLE_QUESTION if _answers_questions(subject) else {"text": text})
    tensors = [{"name": name, "shape": [1], "datatype": "BYTES", "data": [value]} for name, value in fields.items()]
    body = json.dumps({"inputs": tensors}, ensure_ascii=False)
    return f"{url}/v2/models/{subject.name}/infer -H 'Content-Type: application/json' -d {_quoted(body)}"


def _is_prepared_archive(subject: Subject) -> bool:
    """Whether a prepared directory holds an archive, which has only its handler's configuration."""
    return isinstance(subject, ArtifactSubject) and not _configuration_of(subject).is_file()


def _answers_questions(subject: Subject) -> bool:
    """Whether a model takes a question and its context; unknown here for one in object storage."""
    if isinstance(subject, ArtifactSubject):
        from transformermodel_predictor.artifact.configuration import read_configuration
        from transformermodel_predictor.tasks.question_answering import QuestionAnswering

        return read_configuration(_configuration_of(subject).read_text(encoding="utf-8")).mode == QuestionAnswering.mode
    return isinstance(subject, ManifestSubject) and subject.model.spec.task is TaskName.QuestionAnswering


def _configuration_of(subject: ArtifactSubject) -> Path:
    from transformermodel_predictor.artifact.configuration import CONFIGURATION_FILE

    return subject.directory / CONFIGURATION_FILE


def _quoted(text: str) -> str:
    """Quote a text for a shell."""
    return "'{}'".format(text.replace("'", r"'\''"))
