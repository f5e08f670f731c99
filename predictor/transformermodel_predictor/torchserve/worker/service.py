"""The worker's main loop: passes batches to the handler, and answers to the server."""

import inspect
import logging
import threading
import time
from collections.abc import Sequence
from http import HTTPStatus
from pathlib import Path
from typing import Any

from transformermodel_predictor.torchserve.call import Reply
from transformermodel_predictor.torchserve.handler_observer import Measurement
from transformermodel_predictor.torchserve.wire.messages import Answered, Batch, Failed, Pieces, RowPart
from transformermodel_predictor.torchserve.worker.answers import UnusableAnswer, checked, reply
from transformermodel_predictor.torchserve.worker.channel import Channel
from transformermodel_predictor.torchserve.worker.coroutines import Coroutines
from transformermodel_predictor.torchserve.worker.entry_point import Handle
from transformermodel_predictor.torchserve.worker.failure import NobodyWaits, failure_of
from transformermodel_predictor.torchserve.worker.kept_parts import KeptParts
from transformermodel_predictor.torchserve.worker.rows import row_headers, row_values
from ts.context import Context
from ts.intermediate import Piece

_log = logging.getLogger(__name__)

_PREDICTION_TIME = "PredictionTime"
"""The metric that TorchServe's own workers record for every batch, in milliseconds."""


class Service:
    """Calls the handler with one batch after the other.

    Args:
        context: the handler's context.
        handle: the handler's function.
        channel: the connection with the server.
        directory: the archive, to locate exceptions in.
        decode: whether the handler gets JSON and text decoded.
    """

    def __init__(self, context: Context, handle: Handle, channel: Channel, directory: Path, decode: bool) -> None:
        self._context = context
        self._handle = handle
        self._channel = channel
        self._directory = directory
        self._decode = decode
        self._kept = KeptParts()
        self._coroutines = Coroutines()
        context._sender = self._send_pieces

    def run(self) -> None:
        """Answer batches until the server closes the connection, or a failure makes the process unusable."""
        while (message := self._channel.receive()) is not None:
            if isinstance(message, Batch) and not self._answer(message):
                return

    def _answer(self, batch: Batch) -> bool:
        """Answer a batch; return whether the process can answer another."""
        result = self._run_batch(batch)
        self._channel.send(result)
        return isinstance(result, Answered) or not result.ends_worker

    def _run_batch(self, batch: Batch) -> Answered | Failed:
        self._kept.drop(batch.ended)
        parts = [self._kept.parts_of(row) for row in batch.rows]
        self._begin(batch, parts)
        try:
            values = [row_values(row, self._decode) for row in parts]
            answers = self._timed(values)
            replies = tuple(self._reply(index, answer) for index, answer in enumerate(checked(answers, len(values))))
        except UnusableAnswer as error:
            return Failed(str(error), HTTPStatus.SERVICE_UNAVAILABLE, self._measured())
        except BaseException as error:  # noqa: BLE001 - any error of the handler fails its batch
            failure = failure_of(error, self._directory)
            _log.warning("%s", failure.message, exc_info=error)
            return Failed(failure.message, failure.status, self._measured(), failure.ends_worker)
        self._kept.keep(zip(batch.rows, parts, replies, strict=True))
        return Answered(replies, self._measured())

    def _begin(self, batch: Batch, parts: Sequence[Sequence[RowPart]]) -> None:
        headers = [row_headers(row, batch.kind, values) for row, values in zip(batch.rows, parts, strict=True)]
        self._context.begin_batch({index: row.request_id for index, row in enumerate(batch.rows)}, headers)

    def _timed(self, values: list[dict[str, Any]]) -> Any:  # noqa: ANN401 - whatever a handler answers
        started = time.perf_counter()
        answers = self._handle(values, self._context)
        if inspect.iscoroutine(answers):
            answers = self._coroutines.result(answers)
        milliseconds = (time.perf_counter() - started) * 1000
        self._context.metrics.add_time(_PREDICTION_TIME, round(milliseconds, 2))
        return answers

    def _reply(self, index: int, answer: object) -> Reply:
        context = self._context
        ended = context.stopping_criteria[index](answer) if context.stopping_criteria else None
        more = ended is not None and not ended
        return reply(answer, *context.get_response_status(index), context.get_response_headers(index), more)

    def _send_pieces(self, pieces: Sequence[Piece]) -> None:
        if not self._channel.has_more:  # the only message that can be waiting is Abandon
            self._channel.send(Pieces(tuple((piece.index, self._piece(piece)) for piece in pieces)))
        elif threading.current_thread() is threading.main_thread():
            raise NobodyWaits

    def _piece(self, piece: Piece) -> Reply:
        context, index = self._context, piece.index
        return reply(piece.value, *context.get_response_status(index), context.get_response_headers(index), more=True)

    def _measured(self) -> tuple[Measurement, ...]:
        return tuple(self._context.metrics.drain())
