"""Flags of `serve` for models that run an archive's own handler, with TorchServe's spellings as aliases."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from transformermodel_api.errors import UserError
from transformermodel_api.predictor import Batching, Device, HandlerWorkers

if TYPE_CHECKING:
    from transformermodel_predictor.engines.device import DeviceChoice

InstallRequirementsFlag = Annotated[
    bool,
    typer.Option(
        "--install-requirements/--no-install-requirements",
        help="Install the requirements.txt of archives, each into a folder of its own.",
    ),
]
MinWorkersFlag = Annotated[
    int | None,
    typer.Option("--min-workers", "--min_workers", min=1, help="Processes that run an archive's handler at start."),
]
MaxWorkersFlag = Annotated[
    int | None,
    typer.Option(
        "--max-workers", "--max_workers", min=1, help="Most processes that the management API may scale them to."
    ),
]
ResponseTimeoutFlag = Annotated[
    int | None,
    typer.Option(
        "--response-timeout",
        "--response_timeout",
        min=1,
        help="Seconds that a handler may take for an answer, before its process is replaced.",
    ),
]
StartupTimeoutFlag = Annotated[
    int | None,
    typer.Option("--startup-timeout", "--startup_timeout", min=1, help="Seconds that a handler may take to load."),
]
ManagementPortFlag = Annotated[
    int | None,
    typer.Option(
        "--management-port",
        "--management_port",
        min=0,
        max=65535,
        help="Port of TorchServe's management API, on 127.0.0.1 only; 0 takes a free one (default: off).",
    ),
]
ManagementTokenFileFlag = Annotated[
    Path | None,
    typer.Option(
        "--management-token-file",
        help="File with the bearer token of the management API's clients; else $TRANSFORMERMODEL_MANAGEMENT_TOKEN.",
    ),
]
ModelStoreFlag = Annotated[
    Path | None,
    typer.Option("--model-store", "--model_store", help="Folder of archives that the management API may register."),
]


def workers_of(least: int | None, most: int | None, response: int | None, startup: int | None) -> HandlerWorkers:
    """The workers' settings from the flags.

    Raises:
        UserError: --max-workers is less than --min-workers.
    """
    if least is not None and most is not None and most < least:
        raise UserError(f"--max-workers {most} is less than --min-workers {least}")
    return HandlerWorkers(min=least, max=most, response_timeout_seconds=response, startup_timeout_seconds=startup)


def handler_keys(workers: HandlerWorkers | None, batching: Batching, device: "DeviceChoice") -> dict[str, Any]:
    """The workers' settings from a resource or flags, by key of model-config.yaml; only those that are set."""
    workers = workers or HandlerWorkers()
    keys = {
        "minWorkers": workers.min,
        "maxWorkers": workers.max,
        "responseTimeout": workers.response_timeout_seconds,
        "startupTimeout": workers.startup_timeout_seconds,
        "batchSize": batching.max_batch_size,
        "maxBatchDelay": batching.max_delay_milliseconds or None,
        "jobQueueSize": batching.max_queue_size,
        "deviceType": None if device.kind is Device.Auto else "cpu" if device.kind is Device.CPU else "gpu",
        "deviceIds": list(device.ids) or None,
    }
    return {key: value for key, value in keys.items() if value is not None}
