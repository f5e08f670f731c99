"""Grouping tokens into entities, by hand."""

import pytest
import torch

from transformermodel_predictor.tasks.entities import Aggregation, Tagged, TokenPlace, entities_of, kind_of

LABELS = ("O", "B-ORG", "I-ORG", "B-LOC", "I-LOC")
MICRO = (0.1, 0.6, 0.1, 0.1, 0.1)
SOFT = (0.05, 0.0, 0.15, 0.0, 0.8)
OFFICE = (0.1, 0.0, 0.7, 0.1, 0.1)
# "Microsoft office" as the pieces micro, ##soft and office
PLACES = (TokenPlace(0, 5, 0, "micro"), TokenPlace(5, 9, 0, "##soft"), TokenPlace(10, 16, 1, "office"))


def found(aggregation: Aggregation, *rows: tuple[float, ...]) -> list[tuple[str, float, int, int]]:
    entities = entities_of(PLACES[: len(rows)], torch.tensor(rows), LABELS, aggregation)
    return [(entity.label, pytest.approx(entity.score, abs=1e-6), entity.start, entity.end) for entity in entities]


@pytest.mark.parametrize(
    ("aggregation", "expected"),
    [
        (Aggregation.none, [("B-ORG", 0.6, 0, 5), ("I-LOC", 0.8, 5, 9), ("I-ORG", 0.7, 10, 16)]),
        (Aggregation.simple, [("ORG", 0.6, 0, 5), ("LOC", 0.8, 5, 9), ("ORG", 0.7, 10, 16)]),
        (Aggregation.first, [("ORG", 0.65, 0, 16)]),
        (Aggregation.average, [("LOC", 0.45, 0, 9), ("ORG", 0.7, 10, 16)]),
        (Aggregation.max, [("LOC", 0.8, 0, 9), ("ORG", 0.7, 10, 16)]),
    ],
)
def test_each_aggregation(aggregation: Aggregation, expected: list[tuple[str, float, int, int]]) -> None:
    assert found(aggregation, MICRO, SOFT, OFFICE) == expected


def test_a_b_begins_a_new_entity_and_an_i_of_the_same_kind_goes_on() -> None:
    b, i, o = (0.0, 1.0, 0.0, 0.0, 0.0), (0.0, 0.0, 1.0, 0.0, 0.0), (1.0, 0.0, 0.0, 0.0, 0.0)
    assert found(Aggregation.simple, b, i, b) == [("ORG", 1.0, 0, 9), ("ORG", 1.0, 10, 16)]
    assert found(Aggregation.simple, i, i, i) == [("ORG", 1.0, 0, 16)]
    assert found(Aggregation.simple, b, o, i) == [("ORG", 1.0, 0, 5), ("O", 1.0, 5, 9), ("ORG", 1.0, 10, 16)]


def test_labels_without_prefixes_are_kinds_themselves() -> None:
    assert [kind_of(label) for label in ("B-PER", "I-PER", "PER", "O", "B-", "I")] == [
        "PER",
        "PER",
        "PER",
        "O",
        "",
        "I",
    ]


def test_tokens_without_a_word_are_words_by_themselves() -> None:
    places = (TokenPlace(0, 1, None, "a"), TokenPlace(1, 2, None, "b"))
    rows = torch.tensor([[0.0, 1.0, 0.0, 0.0, 0.0], [0.0, 0.0, 0.0, 1.0, 0.0]])
    assert entities_of(places, rows, LABELS, Aggregation.first) == [
        Tagged("ORG", 1.0, 0, 1, "a"),
        Tagged("LOC", 1.0, 1, 2, "b"),
    ]


@pytest.mark.parametrize("aggregation", list(Aggregation))
def test_no_token_no_entity(aggregation: Aggregation) -> None:
    assert entities_of((), torch.zeros(0, len(LABELS)), LABELS, aggregation) == []
