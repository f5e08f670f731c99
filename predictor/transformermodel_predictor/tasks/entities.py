"""From probabilities per token to entities: grouping, as transformers' token classification pipeline does it. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import groupby

import torch


class Aggregation(StrEnum):
    """How tokens become entities.

    `none` returns every token by itself. `simple` joins neighbours of the same entity type. The others first give all
    pieces of a word one label: that of its first piece, the best of their average, or that of the most certain piece.
    """

    none = "none"
    simple = "simple"
    first = "first"
    average = "average"
    max = "max"


@dataclass(frozen=True)
class TokenPlace:
    """The offsets of a token, in Unicode code points of the text.

    Attributes:
        start: offset of its first character.
        end: offset after its last character.
        word: index of its word; None if it belongs to none.
        spelling: the token as the tokenizer spells it, such as `##ing`.
    """

    start: int
    end: int
    word: int | None
    spelling: str


@dataclass(frozen=True)
class Tagged:
    """A token, a word or an entity with its label; the score is a probability, the offsets are as in `TokenPlace`."""

    label: str
    score: float
    start: int
    end: int
    spelling: str


def entities_of(
    places: Sequence[TokenPlace], probabilities: torch.Tensor, labels: Sequence[str], aggregation: Aggregation
) -> list[Tagged]:
    """The entities of a text, including those labelled O.

    Args:
        places: offsets of the text's tokens.
        probabilities: float32 [tokens, classes].
        labels: names of the classes, in the order of `probabilities`.
        aggregation: how tokens become entities.
    """
    if not places:
        return []
    if aggregation in (Aggregation.none, Aggregation.simple):
        scores, classes = (values.tolist() for values in probabilities.max(dim=-1))
        tagged = [
            Tagged(labels[index], score, place.start, place.end, place.spelling)
            for place, score, index in zip(places, scores, classes, strict=True)
        ]
    else:
        tagged = [_tagged_word(places, probabilities, labels, word, aggregation) for word in _words(places)]
    return tagged if aggregation is Aggregation.none else [_entity(group) for group in _neighbours(tagged)]


def _words(places: Sequence[TokenPlace]) -> Iterator[range]:
    """The range of positions of each word's pieces; a token without a word counts as a word of its own."""
    keys = [(place.word, -1 if place.word is not None else index) for index, place in enumerate(places)]
    for _, group in groupby(range(len(places)), key=keys.__getitem__):
        positions = list(group)
        yield range(positions[0], positions[-1] + 1)


def _tagged_word(
    places: Sequence[TokenPlace],
    probabilities: torch.Tensor,
    labels: Sequence[str],
    word: range,
    aggregation: Aggregation,
) -> Tagged:
    pieces = probabilities[word.start : word.stop]
    if aggregation is Aggregation.first:
        chosen = pieces[0]
    elif aggregation is Aggregation.average:
        chosen = pieces.mean(dim=0)
    else:
        chosen = pieces[pieces.max(dim=-1).values.argmax()]
    first, last = places[word.start], places[word.stop - 1]
    index = int(chosen.argmax())
    return Tagged(labels[index], float(chosen[index]), first.start, last.end, first.spelling)


def _neighbours(tagged: Sequence[Tagged]) -> Iterator[list[Tagged]]:
    """Runs of tokens or words of the same entity type; a label with B- begins a new run."""
    group: list[Tagged] = []
    for item in tagged:
        if group and (item.label.startswith("B-") or kind_of(item.label) != kind_of(group[-1].label)):
            yield group
            group = []
        group.append(item)
    if group:
        yield group


def kind_of(label: str) -> str:
    """The entity type: a label without its prefix B- or I-."""
    return label[2:] if label.startswith(("B-", "I-")) else label


def _entity(group: Sequence[Tagged]) -> Tagged:
    score = sum(item.score for item in group) / len(group)
    return Tagged(kind_of(group[0].label), score, group[0].start, group[-1].end, group[0].spelling)
