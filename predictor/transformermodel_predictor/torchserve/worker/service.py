"""The worker's loop: batches to the handler, answers to the server."""

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
"""The metric that TorchServe's own workers record of every batch, in milliseconds."""


class Service:
    """Asks the handler, one batch after the other.

    Args:
        context: the handler's.
        handle: what is called.
        channel: the connection with the server.
        directory: the archive, in which exceptions are located.
        decode: whether JSON and text reach the handler decoded.
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
        """Answer batches until the server closes the connection, or the handler has ruined the process."""
        while (message := self._channel.receive()) is not None:
            if isinstance(message, Batch) and not self._answer(message):
                return

    def _answer(self, batch: Batch) -> bool:
        """Answer a batch; return whether another can be."""
        answered = self._asked(batch)
        self._channel.send(answered)
        return isinstance(answered, Answered) or not answered.ends_worker

    def _asked(self, batch: Batch) -> Answered | Failed:
        self._kept.drop(batch.ended)
        parts = [self._kept.of(row) for row in batch.rows]
        self._begin(batch, parts)
        try:
            values = [row_values(row, self._decode) for row in parts]
            answers = self._timed(values)
            replies = tuple(self._reply(index, answer) for index, answer in enumerate(checked(answers, len(values))))
        except UnusableAnswer as error:
            return Failed(str(error), HTTPStatus.SERVICE_UNAVAILABLE, self._measured())
        except BaseException as error:  # noqa: BLE001 - whatever a handler raises is the handler's, and is told
            failure = failure_of(error, self._directory)
            _log.warning("%s", failure.message, exc_info=error)
            return Failed(failure.message, failure.status, self._measured(), failure.ends_worker)
        self._kept.keep(zip(batch.rows, parts, replies, strict=True))
        return Answered(replies, self._measured())

    def _begin(self, batch: Batch, parts: Sequence[Sequence[RowPart]]) -> None:
        headers = [row_headers(row, batch.kind, given) for row, given in zip(batch.rows, parts, strict=True)]
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
        if not self._channel.has_more:  # else all that can have come is that nobody waits for this
            self._channel.send(Pieces(tuple((piece.index, self._piece(piece)) for piece in pieces)))
        elif threading.current_thread() is threading.main_thread():
            raise NobodyWaits

    def _piece(self, piece: Piece) -> Reply:
        context, index = self._context, piece.index
        return reply(piece.value, *context.get_response_status(index), context.get_response_headers(index), more=True)

    def _measured(self) -> tuple[Measurement, ...]:
        return tuple(self._context.metrics.drain())
