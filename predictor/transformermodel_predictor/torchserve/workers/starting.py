"""Starts a model's workers."""

import asyncio

from transformermodel_predictor.torchserve.archived_model import ArchivedModel
from transformermodel_predictor.torchserve.handler_model import HandlerModel
from transformermodel_predictor.torchserve.handler_observer import HandlerObserver, UnobservedHandler
from transformermodel_predictor.torchserve.worker_settings import DeviceType
from transformermodel_predictor.torchserve.workers.accelerators import accelerator_count
from transformermodel_predictor.torchserve.workers.group import WorkerGroup


async def start_handler_model(archived: ArchivedModel, observer: HandlerObserver | None = None) -> HandlerModel:
    """Start the workers of an archive; return when the minimum number has loaded.

    Args:
        archived: the unpacked archive, which must stay in place while the workers run.
        observer: receives what the workers report.

    Raises:
        HandlerFailed: a worker could not be started, with the handler's own problem, and none is left running; or
            PyTorch cannot count the accelerators.
    """
    settings = archived.settings
    on_cpu = settings.device_type is DeviceType.cpu
    accelerators = 0 if on_cpu else await asyncio.to_thread(accelerator_count)
    group = WorkerGroup(archived, observer or UnobservedHandler(), accelerators)
    try:
        await group.scale(settings.min_workers, max(settings.min_workers, settings.max_workers))
    except BaseException:
        await group.close()
        raise
    return group
