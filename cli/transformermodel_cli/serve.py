"""`transformermodel serve`: prepare what is not prepared yet, and answer requests."""

import json
import os
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from transformermodel_api.errors import UserError
from transformermodel_cli.explanation_flags import ExplanationsFlag, changed_explanations
from transformermodel_cli.location import store_location
from transformermodel_cli.model_flags import (
    DeviceFlag,
    MaxBatchSizeFlag,
    MaxBatchTokensFlag,
    MaxDelayFlag,
    MaxQueueSizeFlag,
)
from transformermodel_cli.preparation_process import preparing
from transformermodel_cli.prepare import StoreOption
from transformermodel_cli.server_flags import (
    GRPC_PORT,
    HTTP_PORT,
    AccessLogFlag,
    CertificateFlag,
    DrainSecondsFlag,
    FinishSecondsFlag,
    GRPCPortFlag,
    HostFlag,
    HTTPPortFlag,
    KeyFlag,
    MaxBodyBytesFlag,
    MaxTextBytesFlag,
    PlaygroundFlag,
    TokenFileFlag,
)
from transformermodel_cli.subjects import ManifestSubject, StoredSubject, Subject, read_subjects

if TYPE_CHECKING:
    from transformermodel_predictor.artifact.opening import StoreLocation
    from transformermodel_predictor.server.serving import ModelOptions, ServerOptions

_EXAMPLE_TEXT = "I love this movie, it was fantastic!"


def command(
    files: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[NAME=]FILE...", help="Manifests, or directories that are prepared already.", show_default=False
        ),
    ] = None,
    store: StoreOption = None,
    host: HostFlag = None,
    http_port: HTTPPortFlag = HTTP_PORT,
    grpc_port: GRPCPortFlag = GRPC_PORT,
    model_name: Annotated[
        str | None, typer.Option("--model-name", "--model_name", help="Name of the model in --model-dir.")
    ] = None,
    model_dir: Annotated[
        Path | None, typer.Option("--model-dir", "--model_dir", help="A prepared directory, as in a KServe pod.")
    ] = None,
    model_uri: Annotated[
        str | None,
        typer.Option(
            "--model-uri",
            "--model_uri",
            help="An artifact in object storage: STORE/artifacts/DIGEST. Goes before --model-dir.",
        ),
    ] = None,
    drain_seconds: DrainSecondsFlag = 0.0,
    finish_seconds: FinishSecondsFlag = 30,
    max_body_bytes: MaxBodyBytesFlag = 8 * 1024 * 1024,
    max_text_bytes: MaxTextBytesFlag = 1024 * 1024,
    ssl_certfile: CertificateFlag = None,
    ssl_keyfile: KeyFlag = None,
    token_file: TokenFileFlag = None,
    access_log: AccessLogFlag = False,
    playground: PlaygroundFlag = None,
    device: DeviceFlag = None,
    max_batch_tokens: MaxBatchTokensFlag = None,
    max_batch_size: MaxBatchSizeFlag = None,
    max_queue_size: MaxQueueSizeFlag = None,
    max_delay_milliseconds: MaxDelayFlag = None,
    explanations: ExplanationsFlag = None,
) -> None:
    """Prepare models where needed and serve them over HTTP and gRPC until Ctrl-C."""
    from transformermodel_predictor.artifact.holding import held
    from transformermodel_predictor.server.serving import ServerOptions, read_token, serve

    subjects = read_subjects([*(files or ()), *_named_model(model_name, model_dir, model_uri)])
    if not subjects:
        raise UserError("nothing to serve: name a manifest, as in `transformermodel serve model.yaml`")
    flags = {
        "max_tokens": max_batch_tokens,
        "max_batch_size": max_batch_size,
        "max_queue_size": max_queue_size,
        "max_delay_milliseconds": max_delay_milliseconds,
    }
    options = ServerOptions(
        host=host,
        http_port=http_port,
        grpc_port=grpc_port or None,
        drain_seconds=drain_seconds,
        finish_seconds=finish_seconds,
        max_body_bytes=max_body_bytes,
        max_text_bytes=max_text_bytes,
        certificate=ssl_certfile,
        key=ssl_keyfile,
        token=read_token(token_file, os.environ),
        access_log=access_log,
        playground=playground,
        models={subject.name: model_options(subject, explanations).changed(device, flags) for subject in subjects},
        on_ready=lambda url: _announce(url, subjects[0], options.has_playground),
    )
    options.require_usable()
    location = store_location(store, os.environ)
    digests = _prepare(subjects, location, options)
    with ExitStack() as holds:
        directories = {subject.name: directory_of(subject, location, digests) for subject in subjects}
        for directory in directories.values():
            holds.enter_context(held(directory))
        serve(directories, options)


def _named_model(name: str | None, directory: Path | None, uri: str | None) -> list[str]:
    """What --model-name, --model-dir and --model-uri say, as an argument NAME=FILE."""
    if directory is None and uri is None:
        if name is not None:
            raise UserError("--model-name names the model in --model-dir or --model-uri: give both, or NAME=FILE")
        return []
    if uri is None and directory is not None and not directory.is_dir():
        raise UserError(f"--model-dir {directory} is not a directory")
    place = uri or str(directory)
    return [f"{name}={place}" if name else place]


def model_options(subject: Subject, explanations: Sequence[str] | None) -> "ModelOptions":
    """How a model is run, as its manifest says and --explanations; a prepared one comes without a manifest."""
    from transformermodel_predictor.server.serving import ModelOptions

    options = ModelOptions.of(subject.model.spec.predictor) if isinstance(subject, ManifestSubject) else ModelOptions()
    return replace(options, explanations=changed_explanations(options.explanations, explanations or ()))


def _prepare(subjects: Sequence[Subject], store: "StoreLocation", options: "ServerOptions") -> Mapping[str, str]:
    """Prepare what manifests describe for the devices that are to serve it; the digests by the names of the models."""
    manifests = [
        subject.on(options.models[subject.name].device.kind)
        for subject in subjects
        if isinstance(subject, ManifestSubject)
    ]
    if not manifests:
        return {}
    from transformermodel_predictor.server.serving import preload

    with preparing(manifests, store) as preparation:
        preload(options)
        return preparation.digests()


def directory_of(subject: Subject, store: "StoreLocation", digests: Mapping[str, str]) -> Path:
    """The prepared directory of a subject, fetched if it has to be."""
    if isinstance(subject, ManifestSubject):
        return store.open().open(digests[subject.name]).path
    if isinstance(subject, StoredSubject):
        from transformermodel_predictor.artifact.opening import ArtifactLocation

        artifact = ArtifactLocation.parse(subject.uri, store.cache)
        return artifact.store.open().open(artifact.digest).path
    return subject.directory


def _announce(url: str, subject: Subject, playground: bool) -> None:
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    console.print(f"Serving on {url} (Ctrl-C stops)", style="bold green")
    console.print("Try it:")
    console.print(f"  {_curl(url, subject)}", markup=False)
    if playground:
        console.print(f"  or open {url}/playground", markup=False)


def _curl(url: str, subject: Subject) -> str:
    """A line that can be pasted: the first golden question, else a sentence."""
    tests = subject.model.spec.tests if isinstance(subject, ManifestSubject) else None
    text = tests[0].input.text if tests else _EXAMPLE_TEXT
    tensor = {"name": "text", "shape": [1], "datatype": "BYTES", "data": [text]}
    body = json.dumps({"inputs": [tensor]}, ensure_ascii=False).replace("'", r"'\''")
    return f"curl -s {url}/v2/models/{subject.name}/infer -H 'Content-Type: application/json' -d '{body}'"
