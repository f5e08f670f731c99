"""The entities, spans or tokens of a tagged text that a client wants explained. Pure."""

from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch

from transformermodel_predictor.explanations.target_syntax import (
    EVERYTHING,
    class_index,
    is_integer,
    items_of,
    name_list,
    unknown_target,
)
from transformermodel_predictor.explanations.tasks.tag_syntax import (
    is_pair,
    items_in,
    labels_of,
    parse_labelled_span,
    places_in,
    value_of,
)
from transformermodel_predictor.tasks.entities import Aggregation, entities_of, kind_of
from transformermodel_predictor.tasks.places import trimmed
from transformermodel_predictor.tasks.token_classification import Tagging, TokenClassification


@dataclass(frozen=True)
class Tag:
    """Tokens with a label.

    Attributes:
        label: name of a class, or of a kind of entity.
        tokens: range of the text's tokens, without special ones; not empty.
        classes: index of the class of each token.
        score: mean probability of these classes; for an entity in the answer, its score there.
        details: offsets and text.
    """

    label: str
    tokens: range
    classes: tuple[int, ...]
    score: float
    details: Mapping[str, Any] = field(default_factory=dict)


def requested_tags(task: TokenClassification, answer: Tagging, requested: object, before: int) -> list[Tag]:
    """The tags to explain.

    Args:
        task: the model's.
        answer: the text's tokens and their probabilities.
        requested: as in `TokenClassificationTargets.targets`.
        before: number of special tokens before the text; TorchServe's clients count them in token numbers.

    Raises:
        InvalidQuestion: the text has no such tag.
    """
    tagged = _TaggedText(task, answer, before)
    if requested is None or requested == EVERYTHING:
        return tagged.entities
    value = value_of(requested, tagged.labels)
    if is_integer(value):
        return [tagged.entity(value)]
    items = items_in(value)
    if not items:
        raise tagged.unknown(requested)
    return [tag for item in items for tag in tagged.tags(item)]


class _TaggedText:
    """A tagged text, to look up requested tags in."""

    def __init__(self, task: TokenClassification, answer: Tagging, before: int) -> None:
        self._answer = answer
        self._text = answer.question.text
        self._classes = task.labels
        self._before = before
        self.entities = _entities(task, answer)
        self.labels = labels_of(task.labels)

    def entity(self, number: object) -> Tag:
        """An entity by its number in the answer."""
        if isinstance(number, int) and 0 <= number < len(self.entities):
            return self.entities[number]
        raise self.unknown(number)

    def tags(self, value: object) -> list[Tag]:
        """The tags of a label, a span or a pair."""
        if isinstance(value, str):
            entities = [tag for tag in self.entities if value in (tag.label, kind_of(tag.label))]
            if entities:
                return entities
        tag = self._token_tag(value) if is_pair(value) else self._span_tag(value)
        if tag is None:
            raise self.unknown(value)
        return [tag]

    def unknown(self, requested: object) -> Exception:
        """The error for a tag that the text does not have, naming the possible ones."""
        labels = sorted({tag.label for tag in self.entities})
        entities = (
            f"entities by their number from 0 to {len(self.entities) - 1} or their label ({name_list(labels)}), "
            if self.entities
            else "(no entity was found) "
        )
        first, last = self._before, self._before + len(self._answer.places) - 1
        tokens = f", and pairs of a token, from {first} to {last}, and a class, from 0 to {len(self._classes) - 1}"
        return unknown_target(
            requested,
            f"{entities}{places_in(self._text)} ({name_list(sorted(self.labels))}){tokens if last >= first else ''}",
        )

    def _token_tag(self, value: object) -> Tag | None:
        """The tag of a pair: a token by its number, counting special ones, and a class by index or name."""
        number, requested = items_of(value)
        index = class_index(requested, self._classes)
        if not isinstance(number, int) or index is None or not 0 <= number - self._before < len(self._answer.places):
            return None
        token = number - self._before
        return self._tag(self._classes[index], range(token, token + 1), (index,))

    def _span_tag(self, value: object) -> Tag | None:
        """The tag of the tokens in a span; without a label, of their most likely kind of entity."""
        labelled = parse_labelled_span(value, self._text, self.labels)
        if labelled is None:
            return None
        (start, end), label = labelled
        overlapping = [
            number for number, token in enumerate(self._answer.places) if token.start < end and start < token.end
        ]
        if not overlapping:
            return None
        tokens = range(overlapping[0], overlapping[-1] + 1)
        label = self._likeliest(tokens) if label is None else label
        return self._tag(label, tokens, _classes_at(self._answer, tokens, label, self._classes))

    def _likeliest(self, tokens: range) -> str:
        """The most likely kind of entity of the tokens, by the summed probabilities of its classes."""
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


def _entities(task: TokenClassification, answer: Tagging) -> list[Tag]:
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
    answered = task.fields(answer)["entities"]
    return [
        Tag(
            label=entity.label,
            tokens=place,
            classes=_classes_at(answer, place, entity.label, task.labels),
            score=entity.score,
            details={name: fields[name] for name in ("start", "end", "text", "token") if name in fields},
        )
        for (entity, place), fields in zip(kept, answered, strict=True)
    ]


def _classes_at(answer: Tagging, tokens: range, label: str, labels: Sequence[str]) -> tuple[int, ...]:
    """For each token the most likely class among those of a label (`PER` has B-PER and I-PER)."""
    own = [index for index, name in enumerate(labels) if label in (name, kind_of(name))]
    probabilities = answer.probabilities[tokens.start : tokens.stop, torch.tensor(own)]
    return tuple(own[index] for index in probabilities.argmax(dim=-1).tolist())
