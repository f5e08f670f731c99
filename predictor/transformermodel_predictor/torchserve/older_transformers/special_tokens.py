"""Finds out which special tokens a tokenizer adds, and where, by encoding sample texts."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

_PROBE = "a"


@dataclass(frozen=True)
class Placed:
    """Adjacent special tokens: their ids, and their token type ids."""

    ids: tuple[int, ...] = ()
    types: tuple[int, ...] = ()


@dataclass(frozen=True)
class SpecialTokens:
    """The special tokens around one text, or around and between two.

    Attributes:
        before: before the first text.
        between: between two texts, or after a single one.
        after: after the second text.
        second_type: token type id of the second text's tokens; some tokenizers use 0 for it, too.
    """

    before: Placed = Placed()
    between: Placed = Placed()
    after: Placed = Placed()
    second_type: int = 0

    def __len__(self) -> int:
        """The number of special tokens."""
        return len(self.before.ids) + len(self.between.ids) + len(self.after.ids)

    def around(self, first: Sequence[int], second: Sequence[int] | None) -> list[int]:
        """The ids of both texts with the special tokens."""
        return [*self.before.ids, *first, *self.between.ids, *(second or ()), *self.after.ids]

    def types(self, first: Sequence[int], second: Sequence[int] | None) -> list[int]:
        """The token type ids of the texts' and the special tokens."""
        others = [self.second_type] * len(second or ())
        return [*self.before.types, *([0] * len(first)), *self.between.types, *others, *self.after.types]

    def mask(self, first: Sequence[int], second: Sequence[int] | None) -> list[int]:
        """The special tokens mask: 1 for each special token, 0 for the others."""
        ones = [[1] * len(place.ids) for place in (self.before, self.between, self.after)]
        return [*ones[0], *([0] * len(first)), *ones[1], *([0] * len(second or ())), *ones[2]]


def special_tokens_of(tokenizer: Any, *, pair: bool) -> SpecialTokens:  # noqa: ANN401 - transformers is not imported
    """The special tokens that a tokenizer adds to one text, or to a pair."""
    probe, plain = _probe(tokenizer)
    encoded = tokenizer(probe, probe if pair else None, return_token_type_ids=True)
    ids, types = list(encoded["input_ids"]), list(encoded["token_type_ids"])
    first = _place_of(plain, ids, 0)
    second = _place_of(plain, ids, first + len(plain)) if pair else len(ids)
    begun, ended = first + len(plain), second + len(plain) if pair else len(ids)

    def placed(start: int, end: int) -> Placed:
        return Placed(tuple(ids[start:end]), tuple(types[start:end]))

    return SpecialTokens(
        before=placed(0, first),
        between=placed(begun, second),
        after=placed(ended, len(ids)),
        second_type=types[second] if pair and second < len(types) else 0,
    )


def _probe(tokenizer: Any) -> tuple[str, list[int]]:  # noqa: ANN401
    """A sample text that the tokenizer has tokens for, and their ids."""
    special = frozenset(tokenizer.all_special_tokens)
    tokens = (token for token in tokenizer.get_vocab() if token not in special)
    for text in chain([_PROBE], (str(tokenizer.convert_tokens_to_string([token])).strip() for token in tokens)):
        plain: list[int] = tokenizer(text, add_special_tokens=False)["input_ids"] if text else []
        if plain:
            return text, plain
    raise ValueError("the tokenizer has no words")


def _place_of(part: Sequence[int], whole: Sequence[int], start: int) -> int:
    """The index of a sublist in a list, at or after a position."""
    for at in range(start, len(whole) - len(part) + 1):
        if whole[at : at + len(part)] == list(part):
            return at
    raise ValueError("the tokenizer encodes a text otherwise when it adds its special tokens")
