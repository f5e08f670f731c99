"""How prompt and continuation share the model's positions. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Fitted:
    """A prompt that leaves room for at least one token.

    Attributes:
        tokens: the end of the prompt, as much of it as fits.
        truncated: how many of its first tokens were cut off.
        max_new_tokens: most tokens that may follow.
    """

    tokens: tuple[int, ...]
    truncated: int
    max_new_tokens: int


def fit(tokens: Sequence[int], max_new_tokens: int, max_length: int, positions: int | None) -> Fitted:
    """Cut a prompt from the left to its limit, and what follows to the positions that are left.

    A prompt is cut for the sake of what follows only where it has to be cut anyway: then it leaves room for what is
    asked for, but for no more than half of the positions.

    Args:
        tokens: the prompt, at least one token.
        max_new_tokens: how many tokens are asked for.
        max_length: longest prompt.
        positions: of the model, for prompt and continuation together; None where they are not limited.
    """
    limit = max_length
    if positions is not None and min(len(tokens), limit) >= positions:
        limit = max(1, positions - max(1, min(max_new_tokens, positions // 2)))  # 0 of the last tokens would be all
    kept = tuple(tokens[-limit:])
    # Whoever has a single position reads one token in it and tells the next, which needs none.
    room = max_new_tokens if positions is None else min(max_new_tokens, max(1, positions - len(kept)))
    return Fitted(kept, len(tokens) - len(kept), room)
