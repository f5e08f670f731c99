"""The state of one text while it is generated."""

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
    """Generates the continuation of a prompt, token by token.

    Args:
        prompt: token ids, at least one.
        parameters: of generation; `max_new_tokens` already fits the model's positions.
        ends: end-of-sequence tokens.
        tokenizer: decodes the tokens.
        measured: whether pieces have a certainty.
        likeliest: number of most likely tokens per score; None for no scores.
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
        self._tokens_left = parameters.max_new_tokens
        self._ends = frozenset(ends)
        self._sampler = Sampler(parameters, prompt, ends)
        self._detokenizer = Detokenizer(tokenizer, prompt)
        self._stops = StopScanner(parameters.stop)
        self._measured = measured
        self._scores = None if likeliest is None else Scores(tokenizer, likeliest)
        self._decoded = self._emitted = 0
        """Code points of decoded text, and of those emitted in pieces."""

    @property
    def room(self) -> int:
        """Positions that the prompt and the remaining tokens may need."""
        return len(self.prompt) + self._tokens_left

    def advance(self, logits: torch.Tensor, likeliest: int) -> Piece:
        """Generate the next token.

        Args:
            logits: of the last position, float32 [vocabulary] on the CPU.
            likeliest: the token with the largest logit.
        """
        sampler = self._sampler
        token = likeliest if sampler.takes_the_likeliest else sampler.choose(logits)
        sampler.note(token)
        self._tokens_left -= 1
        begin = self._decoded
        text, reason = self._write(token)
        self._emitted += len(text)
        if self._scores is not None:
            self._scores.add(logits, token, begin, self._decoded)
        certainty = _certainty(logits, token) if self._measured else None
        return Piece(token, text, reason, certainty, self._emitted_scores(reason))

    def _emitted_scores(self, reason: FinishReason | None) -> tuple[Score, ...]:
        """The scores of the text emitted so far, each returned once."""
        if self._scores is None:
            return ()
        return self._scores.rest() if reason is FinishReason.Length else self._scores.before(self._emitted)

    def _write(self, token: int) -> tuple[str, FinishReason | None]:
        """The text to emit after a token, and why it is the last."""
        if token in self._ends:
            return self._stops.flush(), FinishReason.Stop
        new = self._detokenizer.feed(token)
        self._decoded += len(new)
        text = self._stops.feed(new)
        if self._stops.stopped:
            return text, FinishReason.Stop
        if self._tokens_left == 0:
            return text + self._stops.flush(), FinishReason.Length
        return text, None


def _certainty(logits: torch.Tensor, token: int) -> Certainty:
    probabilities = logits.softmax(dim=-1)
    best, second = probabilities.topk(2).values.tolist()
    return Certainty(float(probabilities[token]), best - second)
