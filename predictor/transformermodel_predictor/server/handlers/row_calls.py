"""The rows of one request, each a call of its own, so that workers run them together with those of others."""

import asyncio
from collections.abc import Coroutine, Sequence
from typing import Any

from transformermodel_predictor.server.inference import Inference, within
from transformermodel_predictor.torchserve.call import Call, HandlerFailed, HandlerUnavailable, Reply
from transformermodel_predictor.torchserve.handler_model import HandlerModel

_BATCHES_AHEAD = 2
"""So many batches for each worker, and no more, wait of one request: others want their turn, and queues are short."""

_FIRST_ERROR = 400


async def call_rows(
    inference: Inference, model: HandlerModel, calls: Sequence[Call], seconds: float | None = None
) -> list[Reply]:
    """The replies to all rows, in their order; the first that fails ends the others.

    Args:
        inference: what is asked through.
        model: the model.
        calls: one per row.
        seconds: time after which nobody wants the answer any more.

    Raises:
        HandlerUnavailable: nobody can take a call now.
        HandlerFailed: the handler did not answer a row, or answered it with the status of an error; the text has the
            number of the row where there are several.
        DeadlineExceeded: the time has passed.
    """
    settings = model.settings
    most = max(1, min(settings.queue_size, settings.batch_size * max(1, settings.max_workers) * _BATCHES_AHEAD))
    turns = asyncio.Semaphore(most)

    async def ask(row: int) -> Reply:
        async with turns:
            return await _ask(inference, model, calls[row], f"row {row}: " if len(calls) > 1 else "")

    return await within(seconds, _all([ask(row) for row in range(len(calls))]))


async def _ask(inference: Inference, model: HandlerModel, call: Call, row: str) -> Reply:
    try:
        reply = await inference.call(model, call)
    except HandlerUnavailable as error:
        raise HandlerUnavailable(f"{row}{error}") from error
    except HandlerFailed as error:
        raise HandlerFailed(f"{row}{error}", error.status) from error
    if reply.status >= _FIRST_ERROR:
        said = reply.body.decode(errors="replace").strip() or reply.phrase
        raise HandlerFailed(f"{row}{said}", reply.status)
    return reply


async def _all(asking: Sequence[Coroutine[Any, Any, Reply]]) -> list[Reply]:
    tasks = [asyncio.create_task(one) for one in asking]
    try:
        return await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
