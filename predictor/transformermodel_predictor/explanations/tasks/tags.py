"""Which entities, places or tokens of a tagged text a client wants to have explained. Pure."""

from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch

from transformermodel_predictor.explanations.tasks.named_tags import (
    is_pair,
    items_in,
    labels_of,
    placed,
    places_in,
    value_of,
)
from transformermodel_predictor.explanations.wanted import (
    EVERYTHING,
    class_number,
    is_whole,
    items_of,
    listed,
    refused,
)
from transformermodel_predictor.tasks.entities import Aggregation, entities_of, kind_of
from transformermodel_predictor.tasks.places import trimmed
from transformermodel_predictor.tasks.token_classification import Tagging, TokenClassification


@dataclass(frozen=True)
class Tag:
    """Tokens and what they are said to be.

    Attributes:
        label: the name of the class, or of the kind of entity.
        tokens: numbers of the text's tokens, special ones not counted; neighbours, at least one.
        classes: number of the class of each.
        score: mean of the probabilities of these classes; of an entity that was found, the score that it is told with.
        details: place and text.
    """

    label: str
    tokens: range
    classes: tuple[int, ...]
    score: float
    details: Mapping[str, Any] = field(default_factory=dict)


def wanted_tags(task: TokenClassification, answer: Tagging, wanted: object, before: int) -> list[Tag]:
    """What is to be explained.

    Args:
        task: of the model.
        answer: the text's tokens and their probabilities.
        wanted: as in `TokenClassificationTargets.targets`.
        before: special tokens before the text; TorchServe's clients count them when they name a token.

    Raises:
        InvalidQuestion: it is not there.
    """
    reading = _Reading(task, answer, before)
    if wanted is None or wanted == EVERYTHING:
        return reading.found
    value = value_of(wanted, reading.labels)
    if is_whole(value):
        return [reading.entity(value)]
    items = items_in(value)
    if not items:
        raise reading.refused(wanted)
    return [tag for item in items for tag in reading.read(item)]


class _Reading:
    """An answer, and what can be asked of it."""

    def __init__(self, task: TokenClassification, answer: Tagging, before: int) -> None:
        self._answer = answer
        self._text = answer.question.text
        self._classes = task.labels
        self._before = before
        self.found = _found(task, answer)
        self.labels = labels_of(task.labels)

    def entity(self, number: object) -> Tag:
        """An entity by its number in the answer."""
        if isinstance(number, int) and 0 <= number < len(self.found):
            return self.found[number]
        raise self.refused(number)

    def read(self, value: object) -> list[Tag]:
        """The tags that a label, a place or a pair means."""
        if isinstance(value, str) and (tags := [tag for tag in self.found if value in (tag.label, kind_of(tag.label))]):
            return tags
        tag = self._paired(value) if is_pair(value) else self._placed(value)
        if tag is None:
            raise self.refused(value)
        return [tag]

    def refused(self, wanted: object) -> Exception:
        """The error that says what is possible."""
        labels = sorted({tag.label for tag in self.found})
        found = (
            f"entities by their number from 0 to {len(self.found) - 1} or their label ({listed(labels)}), "
            if self.found
            else "(no entity was found) "
        )
        first, last = self._before, self._before + len(self._answer.places) - 1
        tokens = f", and pairs of a token, from {first} to {last}, and a class, from 0 to {len(self._classes) - 1}"
        return refused(
            wanted,
            f"{found}{places_in(self._text)} ({listed(sorted(self.labels))}){tokens if last >= first else ''}",
        )

    def _paired(self, value: object) -> Tag | None:
        """A token by its number, special ones counted, with its class by number or name."""
        number, wanted = items_of(value)
        index = class_number(wanted, self._classes)
        if not isinstance(number, int) or index is None or not 0 <= number - self._before < len(self._answer.places):
            return None
        token = number - self._before
        return self._tag(self._classes[index], range(token, token + 1), (index,))

    def _placed(self, value: object) -> Tag | None:
        """The tokens at a place; without a label as what they are likeliest to be."""
        wanted = placed(value, self._text, self.labels)
        if wanted is None:
            return None
        place, label = wanted
        places = enumerate(self._answer.places)
        touched = [number for number, token in places if token.start < place[1] and place[0] < token.end]
        if not touched:
            return None
        tokens = range(touched[0], touched[-1] + 1)
        label = self._likeliest(tokens) if label is None else label
        return self._tag(label, tokens, _classes_at(self._answer, tokens, label, self._classes))

    def _likeliest(self, tokens: range) -> str:
        """The kind of entity that the tokens are likeliest to be, all of its classes together."""
        of_class = self._answer.probabilities[tokens.start : tokens.stop].mean(dim=0).tolist()
        of_kind: dict[str, float] = {}
        for label, probability in zip(self._classes, of_class, strict=True):
            of_kind[kind_of(label)] = of_kind.get(kind_of(label), 0.0) + probability
        return max(of_kind, key=lambda kind: of_kind[kind])

    def _tag(self, label: str, tokens: range, classes: tuple[int, ...]) -> Tag:
        probabilities = self._answer.probabilities[list(tokens), list(classes)]
        first, last = self._answer.places[tokens.start], self._answer.places[tokens.stop - 1]
        start, end = trimmed(self._text, first.start, last.end)
        details = {"start": start, "end": end, "text": self._text[start:end]}
        return Tag(label, tokens, classes, float(probabilities.mean()), details)


def _found(task: TokenClassification, answer: Tagging) -> list[Tag]:
    """The entities of the answer, with their tokens."""
    question = answer.question
    entities = entities_of(answer.places, answer.probabilities, task.labels, question.aggregation)
    starts, ends = [place.start for place in answer.places], [place.end for place in answer.places]
    tokens = [
        range(number, number + 1)
        if question.aggregation is Aggregation.none  # then there is one for each token
        else range(bisect_left(starts, entity.start), bisect_right(ends, entity.end))
        for number, entity in enumerate(entities)
    ]
    kept = [
        (entity, place) for entity, place in zip(entities, tokens, strict=True) if entity.label not in question.ignored
    ]
    told = task.fields(answer)["entities"]
    return [
        Tag(
            label=entity.label,
            tokens=place,
            classes=_classes_at(answer, place, entity.label, task.labels),
            score=entity.score,
            details={name: fields[name] for name in ("start", "end", "text", "token") if name in fields},
        )
        for (entity, place), fields in zip(kept, told, strict=True)
    ]


def _classes_at(answer: Tagging, tokens: range, label: str, labels: Sequence[str]) -> tuple[int, ...]:
    """For each token the likeliest of the classes that the label means."""
    meant = [index for index, name in enumerate(labels) if label in (name, kind_of(name))]
    probabilities = answer.probabilities[tokens.start : tokens.stop, torch.tensor(meant)]
    return tuple(meant[index] for index in probabilities.argmax(dim=-1).tolist())
