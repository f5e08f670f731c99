"""Divides the model's positions between prompt and continuation. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Fitted:
    """A truncated prompt with room for at least one new token.

    Attributes:
        tokens: the end of the prompt.
        truncated: number of tokens cut off at its start.
        max_new_tokens: largest number of new tokens.
    """

    tokens: tuple[int, ...]
    truncated: int
    max_new_tokens: int


def fit(tokens: Sequence[int], max_new_tokens: int, max_length: int, positions: int | None) -> Fitted:
    """Truncate a prompt on the left, and limit the continuation to the remaining positions.

    A prompt that fits is never truncated to make room. One that does not fit leaves room for the requested number of
    new tokens, but for at most half of the positions.

    Args:
        tokens: the prompt, at least one token.
        max_new_tokens: number of new tokens requested.
        max_length: longest prompt.
        positions: limit on prompt and continuation together; None where unlimited.
    """
    limit = max_length
    if positions is not None and min(len(tokens), limit) >= positions:
        room = max(1, min(max_new_tokens, positions // 2))
        limit = max(1, positions - room)  # at least 1: tokens[-0:] would keep all
    kept = tuple(tokens[-limit:])
    # With a single position the model reads one token and predicts the next, which needs no position.
    most = max_new_tokens if positions is None else min(max_new_tokens, max(1, positions - len(kept)))
    return Fitted(kept, len(tokens) - len(kept), most)
