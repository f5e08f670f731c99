"""Which accelerator a worker is given."""

import itertools
import logging

from transformermodel_predictor.torchserve.worker_settings import DeviceType, WorkerSettings

_log = logging.getLogger(__name__)

_turns = itertools.count()
"""Workers of all models take turns, so that several models do not share the first accelerator."""


class DeviceTurns:
    """Gives a model's workers the accelerators in turn.

    Indices count what the process may see: CUDA_VISIBLE_DEVICES=4,5 leaves the indices 0 and 1, as for TorchServe.

    Args:
        model: the model's name, for messages.
        settings: what the model wants.
        count: number of accelerators that the process may see.
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
        """The next worker's accelerator; None for the CPU."""
        return self._devices[next(self._turns) % len(self._devices)] if self._devices else None
