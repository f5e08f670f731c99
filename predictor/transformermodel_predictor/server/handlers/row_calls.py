"""Calls a handler once per row of a request, so that workers can batch them with the calls of other requests."""

import asyncio
from collections.abc import Coroutine, Sequence
from typing import Any

from transformermodel_predictor.server.inference import Inference, within
from transformermodel_predictor.torchserve.call import Call, HandlerFailed, HandlerUnavailable, Reply
from transformermodel_predictor.torchserve.handler_model import HandlerModel

_BATCHES_AHEAD = 2
"""Batches per worker that one request may have waiting: queues are short, and other requests need their turn."""

_FIRST_ERROR = 400


async def call_rows(
    inference: Inference, model: HandlerModel, calls: Sequence[Call], seconds: float | None = None
) -> list[Reply]:
    """The replies to all rows, in order; the first failure cancels the other calls.

    Args:
        inference: runs requests.
        model: the model.
        calls: one per row.
        seconds: the client's timeout; None for no limit.

    Raises:
        HandlerUnavailable: no worker can take a call now.
        HandlerFailed: the handler did not answer a row, or answered it with an error status; the message names the row
            if there are several.
        DeadlineExceeded: the timeout has passed.
    """
    settings = model.settings
    most = max(1, min(settings.queue_size, settings.batch_size * max(1, settings.max_workers) * _BATCHES_AHEAD))
    turns = asyncio.Semaphore(most)

    async def call_in_turn(row: int) -> Reply:
        async with turns:
            return await _call(inference, model, calls[row], f"row {row}: " if len(calls) > 1 else "")

    return await within(seconds, _gather([call_in_turn(row) for row in range(len(calls))]))


async def _call(inference: Inference, model: HandlerModel, call: Call, row: str) -> Reply:
    try:
        reply = await inference.call(model, call)
    except HandlerUnavailable as error:
        raise HandlerUnavailable(f"{row}{error}") from error
    except HandlerFailed as error:
        raise HandlerFailed(f"{row}{error}", error.status) from error
    if reply.status >= _FIRST_ERROR:
        message = reply.body.decode(errors="replace").strip() or reply.phrase
        raise HandlerFailed(f"{row}{message}", reply.status)
    return reply


async def _gather(calls: Sequence[Coroutine[Any, Any, Reply]]) -> list[Reply]:
    """Await all calls; if one fails, cancel the others."""
    tasks = [asyncio.create_task(call) for call in calls]
    try:
        return await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
