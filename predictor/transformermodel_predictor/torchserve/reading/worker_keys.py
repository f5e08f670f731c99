"""Reads settings of workers from the keys of model-config.yaml, and of `models` in config.properties."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from transformermodel_predictor.torchserve.worker_settings import DeviceType, WorkerSettings

_log = logging.getLogger(__name__)

_MISFIT = object()
"""Returned by a reader for an invalid value."""


@dataclass(frozen=True)
class _Key:
    """One of TorchServe's keys: the setting's field, the reader of its value, and the values it accepts, in words."""

    field: str
    read: Callable[[Any], Any]
    wanted: str


def _whole(least: int) -> Callable[[Any], Any]:
    def read(value: object) -> object:
        return value if isinstance(value, int) and not isinstance(value, bool) and value >= least else _MISFIT

    return read


def _flag(value: object) -> object:
    return value if isinstance(value, bool) else _MISFIT


def _device_type(value: object) -> object:
    return DeviceType(str(value)) if value in ("cpu", "gpu") else _MISFIT


def _device_ids(value: object) -> object:
    read = _whole(0)
    if not isinstance(value, list) or any(read(number) is _MISFIT for number in value):
        return _MISFIT
    return tuple(value)


_COUNT, _DURATION = (_whole(1), "a whole number from 1"), (_whole(0), "a whole number from 0")
_SWITCH = (_flag, "true or false")

_KEYS = {
    "minWorkers": _Key("min_workers", *_COUNT),
    "maxWorkers": _Key("max_workers", *_COUNT),
    "batchSize": _Key("batch_size", *_COUNT),
    "maxBatchDelay": _Key("max_batch_delay", *_DURATION),
    "responseTimeout": _Key("response_timeout", *_COUNT),
    "startupTimeout": _Key("startup_timeout", *_COUNT),
    "maxRetryTimeoutInSec": _Key("retry_timeout", *_DURATION),
    "clientTimeoutInMills": _Key("client_timeout", *_DURATION),
    "jobQueueSize": _Key("queue_size", *_COUNT),
    "useJobTicket": _Key("job_ticket", *_SWITCH),
    "deviceType": _Key("device_type", _device_type, "cpu or gpu"),
    "deviceIds": _Key("device_ids", _device_ids, "a list of whole numbers"),
    "sequenceBatching": _Key("sequence_batching", *_SWITCH),
    "continuousBatching": _Key("continuous_batching", *_SWITCH),
    "maxNumSequence": _Key("max_sequences", *_COUNT),
    "maxSequenceJobQueueSize": _Key("sequence_queue_size", *_COUNT),
    "sequenceMaxIdleMSec": _Key("sequence_idle", *_DURATION),
    "sequenceTimeoutMSec": _Key("sequence_timeout", *_DURATION),
}

_NOT_HERE = {
    "parallelType": "each worker is one process",
    "parallelLevel": "each worker is one process",
    "torchrun": "each worker is one process",
    "asyncCommunication": "a worker answers one batch after another",
}
"""Keys that are not supported, and why."""


def changed_settings(settings: WorkerSettings, keys: Mapping[str, Any], origin: str) -> WorkerSettings:
    """Settings changed by a model's keys; an invalid value is logged and ignored.

    Args:
        settings: settings for keys that are left out.
        keys: the keys of a model; unknown ones, such as the handler's own, are ignored.
        origin: their source, for the log.
    """
    changes: dict[str, Any] = {}
    for name, key in _KEYS.items():
        if (value := keys.get(name)) is None:
            continue
        if (read := key.read(value)) is _MISFIT:
            _log.warning("%s: %s is %r instead of %s and counts as not given", origin, name, value, key.wanted)
        else:
            changes[key.field] = read
    for name, instead in _NOT_HERE.items():
        if keys.get(name):
            _log.warning("%s: %s has no effect here: %s", origin, name, instead)
    return replace(settings, **_agreeing_workers(settings, changes, origin))


def _agreeing_workers(settings: WorkerSettings, changes: dict[str, Any], origin: str) -> dict[str, Any]:
    """The changes with a valid range of workers, even if the keys set only one end of it."""
    least, most = changes.get("min_workers"), changes.get("max_workers")
    if least is not None and most is not None and most < least:
        _log.warning("%s: maxWorkers %d is less than minWorkers %d: both count as not given", origin, most, least)
        return {name: value for name, value in changes.items() if name not in ("min_workers", "max_workers")}
    if least is not None and most is None:
        return {**changes, "max_workers": max(least, settings.max_workers)}
    if most is not None and least is None:
        return {**changes, "min_workers": min(most, settings.min_workers)}
    return changes
