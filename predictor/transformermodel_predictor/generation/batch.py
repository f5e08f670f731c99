"""Continuous batching: sequences decoded together; new ones join between steps, finished ones leave at once."""

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch

from transformermodel_predictor.generation.decoder import Decoder, Prompt
from transformermodel_predictor.generation.piece import Piece
from transformermodel_predictor.generation.sequence import Continuation
from transformermodel_predictor.telemetry.timeline import Timeline

_log = logging.getLogger(__name__)

_READ_TOGETHER = 128
"""Largest size, padding included, of a pass over several short prompts: reading the weights dominates its time."""


@dataclass(eq=False)
class Member:
    """One sequence of a batch, with its consumer.

    Attributes:
        continuation: the text being generated.
        emit: called with each piece, or with the error that ended the sequence; in the batch's thread.
        arrived: time of its request, by `time.perf_counter`.
        timeline: records its phases; None where the request is not traced.
        last_token: the last generated token; -1 before the first.
        cancelled: set by the consumer, from any thread, when it wants no more pieces.
    """

    continuation: Continuation
    emit: Callable[[Piece | Exception], None]
    arrived: float = 0.0
    timeline: Timeline | None = None
    cancelled: bool = field(default=False, init=False)
    last_token: int = field(default=-1, init=False)
    _phase_start: float = field(default=0.0, init=False)

    def start(self) -> None:
        """Record that its prompt is read from now on."""
        self._phase_start = time.perf_counter()

    def take(self, piece: Piece) -> None:
        """Emit the next piece. The first one ends the phase `forward`, the last one `decode`."""
        if self.timeline is not None and (self.last_token < 0 or piece.finish_reason is not None):
            now = time.perf_counter()
            self.timeline.add("forward" if self.last_token < 0 else "decode", self._phase_start, now)
            self._phase_start = now
        self.last_token = piece.token
        self.emit(piece)


class Batch:
    """Sequences generated in the rows of a decoder. Used from one thread at a time.

    Args:
        decoder: runs the model.
        prompt_tokens: largest number of prompt tokens to read between two steps, which delays the other sequences.

    Attributes:
        generated: total number of tokens generated.
    """

    def __init__(self, decoder: Decoder[Any], prompt_tokens: int = 512) -> None:
        self._decoder = decoder
        self._prompt_tokens = prompt_tokens
        self.generated = 0
        self._rows: list[Member] = []
        self._reading: list[tuple[Member, Prompt[Any]]] = []

    def __len__(self) -> int:
        """Number of sequences, those whose prompt is being read included."""
        return len(self._rows) + len(self._reading)

    @property
    def members(self) -> list[Member]:
        """All sequences, those whose prompt is being read included."""
        return [*self._rows, *(member for member, _ in self._reading)]

    def clear(self) -> list[Member]:
        """Drop all sequences, and return them so that their consumers can be notified."""
        members = self.members
        self._rows, self._reading = [], []
        self._decoder.clear()
        return members

    def step(self, joining: Sequence[Member]) -> int:
        """Generate one token per row, and read on in the prompts; returns the number of tokens run.

        Raises:
            Exception: the decoder cannot extend its rows, for example out of memory; `clear` returns their members.
        """
        self._drop_cancelled()
        for member in joining:
            member.start()
            self._reading.append((member, self._decoder.open(member.continuation.prompt)))
        rows = len(self._rows)
        self._generate()
        return rows + self._read()

    def _drop_cancelled(self) -> None:
        self._reading = [(member, prompt) for member, prompt in self._reading if not member.cancelled]
        for row in reversed(range(len(self._rows))):
            if self._rows[row].cancelled:
                self._leave(row)

    def _generate(self) -> None:
        if not self._rows:
            return
        try:
            logits = self._decoder.step([member.last_token for member in self._rows])
        except Exception as error:  # noqa: BLE001 - whatever it is, the rows are lost, and each consumer is notified
            lost, self._rows = self._rows, []
            self._decoder.clear()
            for member in lost:
                member.emit(error)
            return
        self.generated += len(self._rows)
        finished = [
            row
            for row, (member, own, best) in enumerate(zip(self._rows, logits, _argmax(logits), strict=True))
            if not _advance(member, own, best)
        ]
        for row in reversed(finished):
            self._leave(row)

    def _read(self) -> int:
        """Read prompts, the oldest first; returns the number of tokens run."""
        tokens = 0
        while self._reading and tokens < self._prompt_tokens:
            most = self._prompt_tokens - tokens
            count = self._short_prompts(most)
            tokens += self._read_short(count) if count > 1 else self._read_first(most)
            if self._is_partly_read():
                break  # a decoder reads whole tiles; the rest of the budget is not worth a pass
        return tokens

    def _is_partly_read(self) -> bool:
        """Whether the first prompt has been read in part."""
        return bool(self._reading) and self._reading[0][1].read > 0

    def _short_prompts(self, most: int) -> int:
        """How many prompts, from the first, fit into one pass, padded to the longest of them."""
        longest = 0
        for count, (_, prompt) in enumerate(self._reading):
            longest = max(longest, len(prompt))
            if prompt.read or longest * (count + 1) > min(most, _READ_TOGETHER):
                return count
        return len(self._reading)

    def _read_short(self, count: int) -> int:
        """Read the first `count` prompts in one pass; returns the number of tokens run."""
        short = self._reading[:count]
        try:
            logits = self._decoder.read_together([prompt for _, prompt in short])
        except Exception as error:  # noqa: BLE001 - one of them caused it: each is read again separately
            _log.warning("%d prompts together failed with %s; reading them one by one", count, type(error).__name__)
            reopened = [(member, self._decoder.open(member.continuation.prompt)) for member, _ in short]
            self._reading[:count] = reopened
            return sum(self._read_first(len(prompt)) for _, prompt in reopened)
        for (member, prompt), own in zip(short, logits, strict=True):
            self._begin(member, prompt, own)
            self._reading.pop(0)  # not earlier: if the row cannot be added, `clear` must still find the member
        return sum(len(prompt) for _, prompt in short)

    def _read_first(self, most: int) -> int:
        """Read at most `most` tokens of the first prompt; returns the number of tokens run."""
        member, prompt = self._reading[0]
        before = prompt.left
        try:
            logits = self._decoder.read(prompt, most)
        except Exception as error:  # noqa: BLE001 - it concerns this prompt alone
            self._reading.pop(0)
            member.emit(error)
            return 0
        if logits is not None:
            self._begin(member, prompt, logits)
            self._reading.pop(0)
        return before - prompt.left

    def _begin(self, member: Member, prompt: Prompt[Any], logits: torch.Tensor) -> None:
        (best,) = _argmax(logits[None])
        self.generated += 1
        if _advance(member, logits, best):
            self._decoder.join(prompt)
            self._rows.append(member)

    def _leave(self, row: int) -> None:
        self._decoder.leave(row)
        self._rows[row] = self._rows[-1]
        self._rows.pop()


def generate(decoder: Decoder[Any], continuations: Sequence[Continuation]) -> list[list[Piece]]:
    """Generate texts as one batch in the calling thread; returns the pieces of each.

    Raises:
        Exception: whatever the model or the sampler raised on one of them.
    """
    emitted: list[list[Piece | Exception]] = [[] for _ in continuations]
    batch = Batch(decoder)
    joining = [Member(continuation, emitted[index].append) for index, continuation in enumerate(continuations)]
    while joining or len(batch):
        batch.step(joining)
        joining = []
    return [[_piece(item) for item in items] for items in emitted]


def _piece(item: Piece | Exception) -> Piece:
    if isinstance(item, Exception):
        raise item
    return item


def _advance(member: Member, logits: torch.Tensor, best: tuple[float, int]) -> bool:
    """Emit the next piece of a sequence; returns whether more follow."""
    largest, likeliest = best
    try:
        if not -torch.inf < largest < torch.inf:
            raise ArithmeticError("the model's logits are not finite")  # noqa: TRY301
        piece = member.continuation.advance(logits, likeliest)
    except Exception as error:  # noqa: BLE001 - it concerns this sequence alone
        member.emit(error)
        return False
    member.take(piece)
    return piece.finish_reason is None


def _argmax(logits: torch.Tensor) -> list[tuple[float, int]]:
    """The largest logit of each row, and its token."""
    largest, tokens = logits.max(dim=-1)
    return list(zip(largest.tolist(), tokens.tolist(), strict=True))
