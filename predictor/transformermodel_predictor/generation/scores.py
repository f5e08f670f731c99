"""How likely the model held the tokens of a text, and what it held likelier."""

import torch
from transformers import PreTrainedTokenizerBase

from transformermodel_predictor.generation.piece import Score, ScoredToken
from transformermodel_predictor.generation.spelling import Spelling

_LEAST = -9999.0
"""Stands for minus infinity, which JSON cannot write, as in OpenAI's API."""


class Scores:
    """The scores of one text, handed out with the text that their tokens write.

    Args:
        tokenizer: what writes the tokens.
        most: number of the likeliest tokens that each score has.
    """

    def __init__(self, tokenizer: PreTrainedTokenizerBase, most: int) -> None:
        self._spelling = Spelling(tokenizer)
        self._most = most
        self._held: list[Score] = []

    def add(self, logits: torch.Tensor, token: int, begin: int, end: int) -> None:
        """Score a token.

        Args:
            logits: float32 [vocabulary], from which it was chosen.
            token: the token.
            begin: code points that were certain before it.
            end: code points that are certain with it.
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
        """Those not handed out yet whose tokens begin before a place in the text."""
        ready = tuple(score for score in self._held if score.offset < offset)
        del self._held[: len(ready)]
        return ready

    def rest(self) -> tuple[Score, ...]:
        """All that were not handed out yet."""
        ready, self._held = tuple(self._held), []
        return ready

    def _scored(self, token: int, logprob: float) -> ScoredToken:
        return ScoredToken(self._spelling(token), max(logprob, _LEAST))


def _offset(spelling: bytes, begin: int, end: int) -> int:
    """Where a token begins that was the last to be written from `begin` to `end`.

    Before it there may be text that became certain only now; a part of a character begins where the character does.
    """
    try:
        return max(begin, end - len(spelling.decode()))
    except UnicodeDecodeError:
        return begin
