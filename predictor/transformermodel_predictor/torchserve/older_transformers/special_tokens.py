"""Which tokens a tokenizer puts around texts, and where: found out by having it encode some."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

_PROBE = "a"


@dataclass(frozen=True)
class Placed:
    """Special tokens that stand together: their ids, and the number of the text that each counts to."""

    ids: tuple[int, ...] = ()
    types: tuple[int, ...] = ()


@dataclass(frozen=True)
class SpecialTokens:
    """The special tokens around one text, or around and between two.

    Attributes:
        before: those before the first text.
        between: those between two texts; after the only one where there is one.
        after: those after the second text.
        second_type: the number that the second text's own tokens have, which some tokenizers count to the first.
    """

    before: Placed = Placed()
    between: Placed = Placed()
    after: Placed = Placed()
    second_type: int = 0

    def __len__(self) -> int:
        """How many there are."""
        return len(self.before.ids) + len(self.between.ids) + len(self.after.ids)

    def around(self, first: Sequence[int], second: Sequence[int] | None) -> list[int]:
        """The ids with the special ones."""
        return [*self.before.ids, *first, *self.between.ids, *(second or ()), *self.after.ids]

    def types(self, first: Sequence[int], second: Sequence[int] | None) -> list[int]:
        """The number of the text for each of them."""
        others = [self.second_type] * len(second or ())
        return [*self.before.types, *([0] * len(first)), *self.between.types, *others, *self.after.types]

    def mask(self, first: Sequence[int], second: Sequence[int] | None) -> list[int]:
        """1 for each special one, 0 for the others."""
        ones = [[1] * len(place.ids) for place in (self.before, self.between, self.after)]
        return [*ones[0], *([0] * len(first)), *ones[1], *([0] * len(second or ())), *ones[2]]


def special_tokens_of(tokenizer: Any, *, pair: bool) -> SpecialTokens:  # noqa: ANN401 - transformers is not imported
    """What a tokenizer puts around one text, or around two."""
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
    """A text that the tokenizer has tokens for, and these."""
    special = frozenset(tokenizer.all_special_tokens)
    tokens = (token for token in tokenizer.get_vocab() if token not in special)
    for text in chain([_PROBE], (str(tokenizer.convert_tokens_to_string([token])).strip() for token in tokens)):
        plain: list[int] = tokenizer(text, add_special_tokens=False)["input_ids"] if text else []
        if plain:
            return text, plain
    raise ValueError("the tokenizer has no words")


def _place_of(part: Sequence[int], whole: Sequence[int], start: int) -> int:
    """Where a part begins in a list, at or after a position."""
    for at in range(start, len(whole) - len(part) + 1):
        if whole[at : at + len(part)] == list(part):
            return at
    raise ValueError("the tokenizer encodes a text otherwise when it adds its special tokens")
