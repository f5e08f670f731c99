"""Which tokens of texts that are too long are kept. Pure."""

from collections.abc import Sequence


def kept_positions(texts: Sequence[int | None], max_length: int, *, from_end: bool = False) -> list[int]:
    """The positions that are kept, in their order: of all special tokens, and of as many of the texts' as have room.

    A pair loses tokens from whichever of its texts is longer at that moment, as the `tokenizers` library has it by its
    strategy `longest_first`.

    Args:
        texts: which of a row's texts each token belongs to: 0, or 1 for the pair; None for special tokens.
        max_length: how many there may be.
        from_end: whether the ends of the texts are kept, and not their beginnings.
    """
    first, second = ([position for position, of in enumerate(texts) if of == text] for text in (0, 1))
    special = [position for position, of in enumerate(texts) if of is None]
    lengths = _lengths(len(first), len(second), max(max_length - len(special), 0))
    parts = [
        positions[len(positions) - length :] if from_end else positions[:length]
        for positions, length in zip((first, second), lengths, strict=True)
    ]
    return sorted([*special, *parts[0], *parts[1]])


def _lengths(first: int, second: int, room: int) -> tuple[int, int]:
    """How many tokens of either text are kept; where both are longer than half of the room, the second has the odd one.

    Unless the second is the shorter one: then the first has it.
    """
    if first + second <= room:
        return first, second
    shorter = min(first, second)
    longer = room - shorter
    if longer < shorter:
        shorter = room // 2
        longer = room - shorter
    return (shorter, longer) if first <= second else (longer, shorter)
