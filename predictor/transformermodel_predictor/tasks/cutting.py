"""Truncation: which tokens of texts that are too long are kept. Pure."""

from collections.abc import Sequence


def kept_positions(texts: Sequence[int | None], max_length: int, *, from_end: bool = False) -> list[int]:
    """The positions to keep, in order: all special tokens, and as many of the texts' tokens as there is room for.

    A pair loses tokens from whichever text is longer at that moment: the `tokenizers` library's `longest_first`.

    Args:
        texts: for each token, the index of its text: 0, or 1 for the pair; None for special tokens.
        max_length: most positions to keep.
        from_end: whether to keep the ends of the texts instead of their beginnings.
    """
    first, second = ([position for position, index in enumerate(texts) if index == text] for text in (0, 1))
    special = [position for position, index in enumerate(texts) if index is None]
    lengths = _lengths(len(first), len(second), max(max_length - len(special), 0))
    parts = [
        positions[len(positions) - length :] if from_end else positions[:length]
        for positions, length in zip((first, second), lengths, strict=True)
    ]
    return sorted([*special, *parts[0], *parts[1]])


def _lengths(first: int, second: int, room: int) -> tuple[int, int]:
    """How many tokens of each text to keep. If both exceed half of an odd room, the longer one gets the odd token.

    If both are equally long, the second gets it.
    """
    if first + second <= room:
        return first, second
    shorter = min(first, second)
    longer = room - shorter
    if longer < shorter:
        shorter = room // 2
        longer = room - shorter
    return (shorter, longer) if first <= second else (longer, shorter)
