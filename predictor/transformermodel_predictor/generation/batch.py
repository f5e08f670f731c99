"""Sequences that are decoded together: new ones join between steps, finished ones leave at once."""

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
"""Tokens of short prompts that are read in one pass, filled up: reading the weights takes most of its time."""


@dataclass(eq=False)
class Member:
    """One sequence of a batch, and who listens to it.

    Attributes:
        continuation: the text.
        tell: called with each piece, or with the error that ended it; in the batch's thread.
        came: when it came, on the clock `time.perf_counter`.
        timeline: where its phases are noted; None where nobody wants to know.
        last: its last token.
        gone: set by whoever listens, from any thread, when nobody does any more.
    """

    continuation: Continuation
    tell: Callable[[Piece | Exception], None]
    came: float = 0.0
    timeline: Timeline | None = None
    gone: bool = field(default=False, init=False)
    last: int = field(default=-1, init=False)
    _since: float = field(default=0.0, init=False)

    def join(self) -> None:
        """Its prompt is read from now on."""
        self._since = time.perf_counter()

    def take(self, piece: Piece) -> None:
        """The next piece, and the phase that ends with it: the first one ends the reading, the last one the writing."""
        if self.timeline is not None and (self.last < 0 or piece.finish_reason is not None):
            now = time.perf_counter()
            self.timeline.add("forward" if self.last < 0 else "decode", self._since, now)
            self._since = now
        self.last = piece.token
        self.tell(piece)


class Batch:
    """The rows of a decoder and what is generated in them. Used from one thread at a time.

    Args:
        decoder: what runs the model.
        prompt_tokens: most tokens of prompts that are read between two steps, so that who is generating already does
            not wait for long.

    Attributes:
        generated: tokens that it has generated, ever.
    """

    def __init__(self, decoder: Decoder[Any], prompt_tokens: int = 512) -> None:
        self._decoder = decoder
        self._prompt_tokens = prompt_tokens
        self.generated = 0
        self._rows: list[Member] = []
        self._reading: list[tuple[Member, Prompt[Any]]] = []

    def __len__(self) -> int:
        """Sequences that are read or generated."""
        return len(self._rows) + len(self._reading)

    @property
    def members(self) -> list[Member]:
        """Those sequences."""
        return [*self._rows, *(member for member, _ in self._reading)]

    def clear(self) -> list[Member]:
        """Drop everything; those who were in it, to be told."""
        members = self.members
        self._rows, self._reading = [], []
        self._decoder.clear()
        return members

    def step(self, joining: Sequence[Member]) -> int:
        """One token for every row, and some more of the prompts that are being read; how many tokens were run.

        Raises:
            Exception: the decoder cannot keep its rows, such as for want of memory; `clear` says who was in them.
        """
        self._drop_gone()
        for member in joining:
            member.join()
            self._reading.append((member, self._decoder.open(member.continuation.prompt)))
        rows = len(self._rows)
        self._generate()
        return rows + self._read()

    def _drop_gone(self) -> None:
        self._reading = [(member, prompt) for member, prompt in self._reading if not member.gone]
        for row in reversed(range(len(self._rows))):
            if self._rows[row].gone:
                self._leave(row)

    def _generate(self) -> None:
        if not self._rows:
            return
        try:
            logits = self._decoder.step([member.last for member in self._rows])
        except Exception as error:  # noqa: BLE001 - whatever it is, the rows are lost, and each is told
            lost, self._rows = self._rows, []
            self._decoder.clear()
            for member in lost:
                member.tell(error)
            return
        self.generated += len(self._rows)
        finished = [
            row
            for row, (member, own, best) in enumerate(zip(self._rows, logits, _likeliest(logits), strict=True))
            if not _goes_on(member, own, best)
        ]
        for row in reversed(finished):
            self._leave(row)

    def _read(self) -> int:
        """Read prompts, the oldest first; how many tokens were run."""
        tokens = 0
        while self._reading and tokens < self._prompt_tokens:
            most = self._prompt_tokens - tokens
            count = self._together(most)
            tokens += self._read_short(count) if count > 1 else self._read_first(most)
            if self._in_parts():
                break  # a decoder reads whole tiles; what is left of the share is not worth a pass
        return tokens

    def _in_parts(self) -> bool:
        """Whether the first prompt has been read, but not to its end."""
        return bool(self._reading) and self._reading[0][1].read > 0

    def _together(self, most: int) -> int:
        """How many of the prompts, from the first on, are read together: those that fit, filled up to the longest."""
        longest = 0
        for count, (_, prompt) in enumerate(self._reading):
            longest = max(longest, len(prompt))
            if prompt.read or longest * (count + 1) > min(most, _READ_TOGETHER):
                return count
        return len(self._reading)

    def _read_short(self, count: int) -> int:
        """Read so many prompts together; how many tokens were run."""
        short = self._reading[:count]
        try:
            logits = self._decoder.read_together([prompt for _, prompt in short])
        except Exception as error:  # noqa: BLE001 - it belongs to one of them: each is read by itself, anew
            _log.warning("%d prompts together failed with %s; reading them one by one", count, type(error).__name__)
            anew = [(member, self._decoder.open(member.continuation.prompt)) for member, _ in short]
            self._reading[:count] = anew
            return sum(self._read_first(len(prompt)) for _, prompt in anew)
        for (member, prompt), own in zip(short, logits, strict=True):
            self._begin(member, prompt, own)
            self._reading.pop(0)  # not before: whoever finds no room among the rows is still here to be told
        return sum(len(prompt) for _, prompt in short)

    def _read_first(self, most: int) -> int:
        """Read at most so many tokens of the first prompt; how many were run."""
        member, prompt = self._reading[0]
        before = prompt.left
        try:
            logits = self._decoder.read(prompt, most)
        except Exception as error:  # noqa: BLE001 - it belongs to this prompt alone
            self._reading.pop(0)
            member.tell(error)
            return 0
        if logits is not None:
            self._begin(member, prompt, logits)
            self._reading.pop(0)
        return before - prompt.left

    def _begin(self, member: Member, prompt: Prompt[Any], logits: torch.Tensor) -> None:
        (best,) = _likeliest(logits[None])
        self.generated += 1
        if _goes_on(member, logits, best):
            self._decoder.join(prompt)
            self._rows.append(member)

    def _leave(self, row: int) -> None:
        self._decoder.leave(row)
        self._rows[row] = self._rows[-1]
        self._rows.pop()


def generate(decoder: Decoder[Any], continuations: Sequence[Continuation]) -> list[list[Piece]]:
    """Generate some texts together in the calling thread; the pieces of each.

    Raises:
        Exception: whatever the model or the sampler raised on one of them.
    """
    told: list[list[Piece | Exception]] = [[] for _ in continuations]
    batch = Batch(decoder)
    joining = [Member(continuation, told[index].append) for index, continuation in enumerate(continuations)]
    while joining or len(batch):
        batch.step(joining)
        joining = []
    return [[_piece(item) for item in items] for items in told]


def _piece(item: Piece | Exception) -> Piece:
    if isinstance(item, Exception):
        raise item
    return item


def _goes_on(member: Member, logits: torch.Tensor, best: tuple[float, int]) -> bool:
    """Tell the next piece of a sequence; whether more follow."""
    largest, likeliest = best
    try:
        if not -torch.inf < largest < torch.inf:
            raise ArithmeticError("the model's logits are not finite")  # noqa: TRY301
        piece = member.continuation.advance(logits, likeliest)
    except Exception as error:  # noqa: BLE001 - it belongs to this sequence alone
        member.tell(error)
        return False
    member.take(piece)
    return piece.finish_reason is None


def _likeliest(logits: torch.Tensor) -> list[tuple[float, int]]:
    """The largest logit of each row, and its token."""
    largest, tokens = logits.max(dim=-1)
    return list(zip(largest.tolist(), tokens.tolist(), strict=True))
