"""Models and their workers as TorchServe's management API describes them. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from transformermodel_predictor.handler import ModelMetadata
from transformermodel_predictor.server.models.slot import ModelSlot
from transformermodel_predictor.torchserve.handler_model import HandlerModel, WorkerState
from transformermodel_predictor.torchserve.worker_settings import DeviceType, WorkerSettings

_NOT_HERE = {"parallelType": "", "parallelLevel": 0, "useVenv": False}
"""What clients of TorchServe may look for, and no worker has."""


@dataclass(frozen=True)
class Page:
    """A part of the list of models.

    Attributes:
        start: position of the first.
        limit: most models.
    """

    start: int = 0
    limit: int = 100


def list_document(slots: Sequence[ModelSlot], page: Page) -> dict[str, Any]:
    """The names of a page's models, and where the next page begins where there is one."""
    end = page.start + page.limit
    listed = [{"modelName": slot.name, "modelUrl": slot.url} for slot in slots[page.start : end]]
    return {**({"nextPageToken": str(end)} if end < len(slots) else {}), "models": listed}


def slot_document(slot: ModelSlot, facts: dict[str, Any]) -> dict[str, Any]:
    """A version of a model: what its slot knows, then what it is itself."""
    known: dict[str, Any] = {"modelName": slot.name, "modelVersion": slot.version, "modelUrl": slot.url}
    problem = slot.entry.reason
    return {**known, "status": slot.state.value, **({"problem": problem} if problem else {}), **facts}


def native_facts(metadata: ModelMetadata) -> dict[str, Any]:
    """A prepared model of ours, which has no workers."""
    return {"engine": metadata.platform, "parameters": dict(metadata.parameters), "workers": []}


def handler_facts(model: HandlerModel) -> dict[str, Any]:
    """A model that runs a handler: how its workers are run, those that there are, and what waits."""
    settings = model.settings
    waiting = model.waiting
    return {
        "engine": "Torch",
        "runtime": model.archived.manifest.runtime.value,
        "handler": model.archived.manifest.handler,
        **_settings(settings),
        **_NOT_HERE,
        "deviceType": _device_type(model),
        "workers": [worker_document(worker) for worker in model.workers],
        "jobQueueStatus": {
            "remainingCapacity": max(0, settings.queue_size - waiting),
            "pendingRequests": waiting,
        },
    }


def worker_document(worker: WorkerState) -> dict[str, Any]:
    """A worker."""
    started = datetime.fromtimestamp(worker.started, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    gpu = worker.device is not None
    return {
        "id": str(worker.number),
        "startTime": started,
        "status": "READY" if worker.ready else "LOADING",
        "memoryUsage": worker.memory,
        "pid": worker.pid,
        "gpu": gpu,
        "gpuUsage": f"gpuId::{worker.device}" if gpu else "N/A",
        **({"problem": worker.problem} if worker.problem else {}),
    }


def _device_type(model: HandlerModel) -> str:
    """What workers are given; where nobody says it, what they were given."""
    if model.settings.device_type is not DeviceType.auto:
        return model.settings.device_type.value
    return (DeviceType.cpu if all(worker.device is None for worker in model.workers) else DeviceType.gpu).value


def _settings(settings: WorkerSettings) -> dict[str, Any]:
    """By TorchServe's names."""
    return {
        "minWorkers": settings.min_workers,
        "maxWorkers": settings.max_workers,
        "batchSize": settings.batch_size,
        "maxBatchDelay": settings.max_batch_delay,
        "responseTimeout": _seconds(settings.response_timeout),
        "startupTimeout": _seconds(settings.startup_timeout),
        "maxRetryTimeoutInSec": _seconds(settings.retry_timeout),
        "clientTimeoutInMills": settings.client_timeout,
        "deviceIds": list(settings.device_ids),
        "continuousBatching": settings.continuous_batching,
        "sequenceBatching": settings.sequence_batching,
        "stateful": settings.sequence_batching,
        "useJobTicket": settings.job_ticket,
        "jobQueueSize": settings.queue_size,
        "maxNumSequence": settings.max_sequences if settings.sequence_batching else 0,
        "maxSequenceJobQueueSize": settings.sequence_queue_size if settings.sequence_batching else 0,
        "sequenceMaxIdleMSec": settings.sequence_idle,
        "sequenceTimeoutMSec": settings.sequence_timeout,
    }


def _seconds(seconds: float) -> int | float:
    """As TorchServe has it: a whole number wherever it is one."""
    return int(seconds) if seconds == int(seconds) else seconds
