"""One text while it is generated."""

from collections.abc import Collection, Sequence

import torch
from transformers import PreTrainedTokenizerBase

from transformermodel_predictor.generation.detokenizer import Detokenizer
from transformermodel_predictor.generation.parameters import GenerationParameters
from transformermodel_predictor.generation.piece import Certainty, FinishReason, Piece, Score
from transformermodel_predictor.generation.sampler import Sampler
from transformermodel_predictor.generation.scores import Scores
from transformermodel_predictor.generation.stops import StopScanner


class Continuation:
    """The tokens that follow a prompt, one after another.

    Args:
        prompt: tokens of the prompt, at least one.
        parameters: how they are chosen; `max_new_tokens` already fits the model's positions.
        ends: the tokens that end a text.
        tokenizer: what writes them.
        measured: whether the pieces tell how sure the model was.
        likeliest: of how many tokens the scores tell at each place; None where no scores are wanted.
    """

    def __init__(
        self,
        prompt: Sequence[int],
        parameters: GenerationParameters,
        ends: Collection[int],
        tokenizer: PreTrainedTokenizerBase,
        *,
        measured: bool = False,
        likeliest: int | None = None,
    ) -> None:
        self.prompt = tuple(prompt)
        self._left = parameters.max_new_tokens
        self._ends = frozenset(ends)
        self._sampler = Sampler(parameters, prompt, ends)
        self._detokenizer = Detokenizer(tokenizer, prompt)
        self._stops = StopScanner(parameters.stop)
        self._measured = measured
        self._scores = None if likeliest is None else Scores(tokenizer, likeliest)
        self._written = self._told = 0
        """Code points that the tokens have written, and those of them that were told."""

    @property
    def room(self) -> int:
        """Positions that it may still come to need, prompt included."""
        return len(self.prompt) + self._left

    def advance(self, logits: torch.Tensor, likeliest: int) -> Piece:
        """The next token.

        Args:
            logits: float32 [vocabulary] of the last position, on the CPU.
            likeliest: the token with the largest of them.
        """
        sampler = self._sampler
        token = likeliest if sampler.takes_the_likeliest else sampler.choose(logits)
        sampler.note(token)
        self._left -= 1
        begin = self._written
        text, reason = self._write(token)
        self._told += len(text)
        if self._scores is not None:
            self._scores.add(logits, token, begin, self._written)
        return Piece(token, text, reason, _certainty(logits, token) if self._measured else None, self._ready(reason))

    def _ready(self, reason: FinishReason | None) -> tuple[Score, ...]:
        """The scores that belong to what has been told."""
        if self._scores is None:
            return ()
        return self._scores.rest() if reason is FinishReason.Length else self._scores.before(self._told)

    def _write(self, token: int) -> tuple[str, FinishReason | None]:
        if token in self._ends:
            return self._stops.flush(), FinishReason.Stop
        new = self._detokenizer.feed(token)
        self._written += len(new)
        text = self._stops.feed(new)
        if self._stops.stopped:
            return text, FinishReason.Stop
        if self._left == 0:
            return text + self._stops.flush(), FinishReason.Length
        return text, None


def _certainty(logits: torch.Tensor, token: int) -> Certainty:
    probabilities = logits.softmax(dim=-1)
    best, second = probabilities.topk(2).values.tolist()
    return Certainty(float(probabilities[token]), best - second)
