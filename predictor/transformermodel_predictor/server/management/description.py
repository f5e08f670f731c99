"""Describes models and their workers as TorchServe's management API does. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from transformermodel_predictor.handler import ModelMetadata
from transformermodel_predictor.server.models.slot import ModelSlot
from transformermodel_predictor.torchserve.handler_model import HandlerModel, WorkerState
from transformermodel_predictor.torchserve.worker_settings import DeviceType, WorkerSettings

_NOT_HERE = {"parallelType": "", "parallelLevel": 0, "useVenv": False}
"""Members that TorchServe's clients may expect, with their values here."""


@dataclass(frozen=True)
class Page:
    """A page of the list of models.

    Attributes:
        start: index of its first model.
        limit: most models on the page.
    """

    start: int = 0
    limit: int = 100


def list_document(slots: Sequence[ModelSlot], page: Page) -> dict[str, Any]:
    """The names and archives of a page's models, and the token of the next page, if there is one."""
    end = page.start + page.limit
    listed = [{"modelName": slot.name, "modelUrl": slot.url} for slot in slots[page.start : end]]
    return {**({"nextPageToken": str(end)} if end < len(slots) else {}), "models": listed}


def slot_document(slot: ModelSlot, facts: dict[str, Any]) -> dict[str, Any]:
    """The description of a version of a model: the facts of its slot, then its own."""
    known: dict[str, Any] = {"modelName": slot.name, "modelVersion": slot.version, "modelUrl": slot.url}
    problem = slot.entry.reason
    return {**known, "status": slot.state.value, **({"problem": problem} if problem else {}), **facts}


def native_facts(metadata: ModelMetadata) -> dict[str, Any]:
    """The facts of a prepared model, which has no workers."""
    return {"engine": metadata.platform, "parameters": dict(metadata.parameters), "workers": []}


def handler_facts(model: HandlerModel) -> dict[str, Any]:
    """The facts of a model with a handler: its settings, its workers, and the state of its queue."""
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
    """The description of a worker."""
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
    """The type of device in the settings; if that is `auto`, the one that the workers actually have."""
    if model.settings.device_type is not DeviceType.auto:
        return model.settings.device_type.value
    return (DeviceType.cpu if all(worker.device is None for worker in model.workers) else DeviceType.gpu).value


def _settings(settings: WorkerSettings) -> dict[str, Any]:
    """The settings by TorchServe's names."""
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
    """A whole number where possible, as TorchServe writes it."""
    return int(seconds) if seconds == int(seconds) else seconds
