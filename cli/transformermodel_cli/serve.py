"""`transformermodel serve`: prepare what is not prepared yet, and answer requests."""

import os
import signal
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from transformermodel_api.errors import UserError
from transformermodel_cli.announcement import announce, announce_loading, curl_command
from transformermodel_cli.explanation_flags import ExplanationsFlag
from transformermodel_cli.handler_flags import (
    InstallRequirementsFlag,
    ManagementPortFlag,
    ManagementTokenFileFlag,
    MaxWorkersFlag,
    MinWorkersFlag,
    ModelStoreFlag,
    ResponseTimeoutFlag,
    StartupTimeoutFlag,
    workers_of,
)
from transformermodel_cli.location import cache_directory, store_location
from transformermodel_cli.model_flags import (
    DeviceFlag,
    MaxBatchSizeFlag,
    MaxBatchTokensFlag,
    MaxDelayFlag,
    MaxQueueSizeFlag,
)
from transformermodel_cli.preparation_process import preparing
from transformermodel_cli.prepare import StoreOption
from transformermodel_cli.served_models import (
    handler_options,
    has_handler,
    model_options,
    names_of,
    place_of,
    stored_models,
)
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
    MaxRowsFlag,
    MaxTextBytesFlag,
    MetricsPortFlag,
    PlaygroundFlag,
    TokenFileFlag,
    require_different_ports,
)
from transformermodel_cli.subjects import ManifestSubject, StoreSubject, Subject, read_subjects
from transformermodel_cli.termination import TERMINATION

if TYPE_CHECKING:
    from transformermodel_predictor.artifact.opening import StoreLocation
    from transformermodel_predictor.server.address import Addresses
    from transformermodel_predictor.server.serving import ModelOptions, ServerOptions


def command(
    files: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[NAME=]FILE...",
            help="Manifests, prepared directories, TorchServe archives (.mar, .tar.gz, a folder) or stores of them. "
            "Naming an archive lets its code run.",
            show_default=False,
        ),
    ] = None,
    store: StoreOption = None,
    host: HostFlag = None,
    http_port: HTTPPortFlag = HTTP_PORT,
    grpc_port: GRPCPortFlag = GRPC_PORT,
    metrics_port: MetricsPortFlag = None,
    model_name: Annotated[
        str | None, typer.Option("--model-name", "--model_name", help="Name of the model in --model-dir.")
    ] = None,
    model_dir: Annotated[
        Path | None,
        typer.Option(
            "--model-dir", "--model_dir", help="As in a KServe pod: a prepared directory, or a TorchServe store."
        ),
    ] = None,
    model_uri: Annotated[
        str | None,
        typer.Option(
            "--model-uri",
            "--model_uri",
            help="An artifact in object storage: STORE/artifacts/DIGEST. Takes precedence over --model-dir.",
        ),
    ] = None,
    drain_seconds: DrainSecondsFlag = 0.0,
    finish_seconds: FinishSecondsFlag = 30,
    max_body_bytes: MaxBodyBytesFlag = 8 * 1024 * 1024,
    max_text_bytes: MaxTextBytesFlag = 1024 * 1024,
    max_rows: MaxRowsFlag = 4096,
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
    install_requirements: InstallRequirementsFlag = False,
    min_workers: MinWorkersFlag = None,
    max_workers: MaxWorkersFlag = None,
    response_timeout: ResponseTimeoutFlag = None,
    startup_timeout: StartupTimeoutFlag = None,
    management_port: ManagementPortFlag = None,
    management_token_file: ManagementTokenFileFlag = None,
    model_store: ModelStoreFlag = None,
) -> None:
    """Prepare models where needed and serve them until Ctrl-C.

    They answer over HTTP and gRPC, on this machine alone unless --host says otherwise.
    """
    from transformermodel_predictor.artifact.holding import held
    from transformermodel_predictor.server.serving import ManagementOptions, ServerOptions, listening, read_token, serve

    subjects = read_subjects([*(files or ()), *_named_model(model_name, model_dir, model_uri)])
    if not subjects:
        raise UserError("nothing to serve: name a manifest, as in `transformermodel serve model.yaml`")
    require_different_ports(
        {
            "--http-port": http_port,
            "--grpc-port": grpc_port,
            "--metrics-port": metrics_port,
            "--management-port": management_port,
        }
    )
    flags = {
        "max_tokens": max_batch_tokens,
        "max_batch_size": max_batch_size,
        "max_queue_size": max_queue_size,
        "max_delay_milliseconds": max_delay_milliseconds,
    }
    workers = workers_of(min_workers, max_workers, response_timeout, startup_timeout)

    def how(subject: Subject) -> "ModelOptions":
        options = model_options(subject, explanations).changed(device, flags)
        return handler_options(options, subject, workers, install_requirements=install_requirements)

    stores = [subject for subject in subjects if isinstance(subject, StoreSubject)]
    archives = stores[0].store.archives if management_port is not None and len(stores) == 1 else None
    token = read_token(token_file, os.environ)
    curl = curl_command(ssl_certfile, token_file, wants_token=token is not None)

    def ready(addresses: "Addresses") -> None:
        if TERMINATION.told:  # before the server listened for it, and the exception was swallowed
            signal.raise_signal(signal.SIGTERM)
        else:
            announce(addresses, subjects[0], playground=options.has_playground, curl=curl)

    options = ServerOptions(
        host=host,
        http_port=http_port,
        grpc_port=grpc_port or None,
        metrics_port=metrics_port,
        drain_seconds=drain_seconds,
        finish_seconds=finish_seconds,
        max_body_bytes=max([max_body_bytes, *(each.store.max_request_bytes or 0 for each in stores)]),
        max_text_bytes=max_text_bytes,
        max_rows=max_rows,
        certificate=ssl_certfile,
        key=ssl_keyfile,
        token=token,
        access_log=access_log,
        playground=playground,
        management=ManagementOptions.read(
            management_port,
            management_token_file,
            model_store or archives,
            os.environ,
            installs_requirements=install_requirements,
        ),
        packages=cache_directory(os.environ) / "packages",
        models={name: how(subject) for subject in subjects for name in names_of(subject)},
        on_ready=ready,
    )
    options.require_usable()
    location = store_location(store, os.environ)
    with ExitStack() as holds:
        listeners = holds.enter_context(listening(options))  # reserves the ports while models are prepared
        digests = _prepare(subjects, location, options)
        places = {each.name: place_of(each, location, digests) for each in subjects if each not in stores}
        for place in places.values():
            holds.enter_context(held(place))
        announce_loading(list(options.models))
        serve(places, options, stored_models(subjects, install_requirements=install_requirements), listeners)


def _named_model(name: str | None, directory: Path | None, uri: str | None) -> list[str]:
    """The argument NAME=FILE equivalent to --model-name, --model-dir and --model-uri."""
    if directory is None and uri is None:
        if name is not None:
            raise UserError("--model-name names the model in --model-dir or --model-uri: give both, or NAME=FILE")
        return []
    if uri is None and directory is not None and not directory.is_dir():
        raise UserError(f"--model-dir {directory} is not a directory")
    place = uri or str(directory)
    return [f"{name}={place}" if name else place]


def _prepare(subjects: Sequence[Subject], store: "StoreLocation", options: "ServerOptions") -> Mapping[str, str]:
    """Prepare the manifests' models for the devices that will serve them; returns digests by name of the model."""
    manifests = [
        subject.on(options.models[subject.name].device.kind)
        for subject in subjects
        if isinstance(subject, ManifestSubject)
    ]
    if not manifests:
        return {}
    from transformermodel_predictor.engines.device import choose_devices
    from transformermodel_predictor.server.serving import preload

    store.require_usable()  # fails early, before seconds of imports
    with preparing(manifests, store) as preparation:
        preload(options, natively=not all(has_handler(subject) for subject in manifests))
        for subject in manifests:  # fails early if a device is missing
            if not has_handler(subject):
                choose_devices(options.models[subject.name].device)
        return preparation.digests()
