"""Assigns accelerators to workers."""

import itertools
import logging

from transformermodel_predictor.torchserve.worker_settings import DeviceType, WorkerSettings

_log = logging.getLogger(__name__)

_turns = itertools.count()
"""Shared by all models, so that several models do not all use the first accelerator."""


class DeviceTurns:
    """Assigns the accelerators to a model's workers in turn.

    Indices count visible devices, as in TorchServe: with CUDA_VISIBLE_DEVICES=4,5 they are 0 and 1.

    Args:
        model: the model's name, for messages.
        settings: the settings of the model's workers.
        count: number of visible accelerators.
    """

    def __init__(self, model: str, settings: WorkerSettings, count: int) -> None:
        wanted = settings.device_ids
        if settings.device_type is DeviceType.cpu:
            count = 0
        elif settings.device_type is DeviceType.gpu and not count:
            _log.warning("the model %s wants accelerators and there are none: its workers run on the CPU", model)
        if count and any(device >= count for device in wanted):
            _log.warning("the model %s wants the devices %s and there are %d: all are taken", model, wanted, count)
            wanted = ()
        self._devices = (wanted or tuple(range(count))) if count else ()
        self._turns = itertools.count() if wanted else _turns

    def next(self) -> int | None:
        """The index of the next worker's accelerator; None for the CPU."""
        return self._devices[next(self._turns) % len(self._devices)] if self._devices else None
