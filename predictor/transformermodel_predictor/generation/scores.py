"""Log-probabilities of a text's tokens and of the most likely alternatives."""

import torch
from transformers import PreTrainedTokenizerBase

from transformermodel_predictor.generation.piece import Score, ScoredToken
from transformermodel_predictor.generation.spelling import Spelling

_LEAST = -9999.0
"""Stands for minus infinity, which JSON cannot write, as in OpenAI's API."""


class Scores:
    """Collects the scores of one text, and returns each with the piece that has its token's text.

    Args:
        tokenizer: spells the tokens.
        most: number of most likely tokens per score.
    """

    def __init__(self, tokenizer: PreTrainedTokenizerBase, most: int) -> None:
        self._spelling = Spelling(tokenizer)
        self._most = most
        self._held: list[Score] = []

    def add(self, logits: torch.Tensor, token: int, begin: int, end: int) -> None:
        """Score a generated token.

        Args:
            logits: that it was chosen from, float32 [vocabulary].
            token: its id.
            begin: length of the decoded text before it, in code points.
            end: length of the decoded text with it.
        """
        logprobs = logits.log_softmax(dim=-1)
        best = logprobs.topk(min(self._most, len(logprobs)))
        likeliest = tuple(
            self._scored(number, logprob)
            for number, logprob in zip(best.indices.tolist(), best.values.tolist(), strict=True)
        )
        chosen = self._scored(token, float(logprobs[token]))
        self._held.append(Score(chosen, likeliest, _offset(chosen.spelling, begin, end)))

    def before(self, offset: int) -> tuple[Score, ...]:
        """Take the scores of tokens that begin before an offset in the text."""
        ready = tuple(score for score in self._held if score.offset < offset)
        del self._held[: len(ready)]
        return ready

    def rest(self) -> tuple[Score, ...]:
        """Take all remaining scores."""
        ready, self._held = tuple(self._held), []
        return ready

    def _scored(self, token: int, logprob: float) -> ScoredToken:
        return ScoredToken(self._spelling(token), max(logprob, _LEAST))


def _offset(spelling: bytes, begin: int, end: int) -> int:
    """Offset of the last token of the text from `begin` to `end`.

    Other text, completed by this token, may precede it. A part of a character has the character's offset.
    """
    try:
        return max(begin, end - len(spelling.decode()))
    except UnicodeDecodeError:
        return begin
