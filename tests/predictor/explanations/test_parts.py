"""From values of tokens to importances of tokens and words, by hand."""

import math
from collections.abc import Sequence
from dataclasses import astuple

import pytest

from transformermodel_predictor.explanations.explanation import Attribution, Explanation, Method
from transformermodel_predictor.explanations.objectives import ClassLogit
from transformermodel_predictor.explanations.parts import build_explanation, normalised
from transformermodel_predictor.explanations.target import Target
from transformermodel_predictor.tasks.task import Alignment, Encoding

TEXTS = {"text": "Ein 😀 wunder bar", "text_pair": "ja"}
ALIGNMENT = Alignment(
    texts=[None, 0, 0, 0, 0, None, 1, None],
    offsets=[(0, 0), (0, 3), (3, 5), (5, 9), (9, 12), (0, 0), (0, 2), (0, 0)],
    words=[None, 0, 1, 2, 2, None, 0, None],
    tokens=["<s>", "Ein", "Ġ😀", "Ġwun", "der", "</s>", "ja", "</s>"],
)


def explained(
    values: Sequence[float],
    *,
    delta: float | None = 0.25,
    features: tuple[int | None, ...] = (None, 0, 1, 2, 2, None, 3, None),
) -> Explanation:
    target = Target(
        name="POSITIVE",
        encoding=Encoding({"input_ids": list(range(8))}, alignment=ALIGNMENT),
        objective=ClassLogit(2),
        score=0.75,
        features=features,
        details={"some": 1},
    )
    return build_explanation(Method.Saliency, target, Attribution(tuple(values), delta, 16), TEXTS)


def test_tokens_have_their_places_and_the_norm_one() -> None:
    found = explained([0, 3, -4, 0, 0, 0, 12, 0])
    assert [astuple(token) for token in found.tokens] == [
        ("Ein", "text", 0, 3, 3 / 13),
        ("Ġ😀", "text", 4, 5, -4 / 13),
        ("Ġwun", "text", 6, 9, 0.0),
        ("der", "text", 9, 12, 0.0),
        ("ja", "text_pair", 0, 2, 12 / 13),
    ]


def test_words_are_the_sums_of_their_tokens_as_they_stand_in_the_text() -> None:
    found = explained([0, 0, 0, 3, -4, 0, 0, 0])
    told = [(word.text, word.field, word.start, word.end, word.importance) for word in found.words]
    assert told == [
        ("Ein", "text", 0, 3, 0.0),
        ("😀", "text", 4, 5, 0.0),
        ("wunder", "text", 6, 12, pytest.approx(-0.2)),
        ("ja", "text_pair", 0, 2, 0.0),
    ]


def test_what_else_is_known_is_told() -> None:
    found = explained([0, 1, 0, 0, 0, 0, 0, 0])
    assert (found.method, found.target, found.score, found.delta, found.steps) == (
        Method.Saliency,
        "POSITIVE",
        0.75,
        0.25,
        16,
    )
    assert found.details == {"some": 1}
    assert explained([0, 1, 0, 0, 0, 0, 0, 0], delta=None).delta is None


def test_tokens_that_answer_for_nothing_have_no_part() -> None:
    found = explained([9, 3, 4, 0, 0, 9, 9, 9], features=(None, 0, 1, None, None, None, None, None))
    assert [(token.text, token.importance) for token in found.tokens] == [("Ein", 0.6), ("Ġ😀", 0.8)]


def test_nothing_to_attribute_to_is_no_error() -> None:
    found = explained([0.0] * 8, features=(None,) * 8)
    assert (found.tokens, found.words) == ((), ())


def test_a_token_of_mere_space_is_where_the_space_is() -> None:
    alignment = Alignment([0, 0, 0], [(0, 1), (1, 2), (2, 3)], [0, 1, 2], ["a", "Ġ", "Ċ"])
    target = Target("x", Encoding({"input_ids": [0, 1, 2]}, alignment=alignment), ClassLogit(0), 1.0, (0, 1, 1))
    found = build_explanation(Method.Lime, target, Attribution((0.0, 1.0, 0.0), None, 1), {"text": "a \n"})
    assert [astuple(token)[1:4] for token in found.tokens] == [("text", 0, 1), ("text", 1, 2), ("text", 2, 3)]
    assert [(word.text, word.start, word.end) for word in found.words] == [("a", 0, 1), (" \n", 1, 3)]


@pytest.mark.parametrize("wrong", [math.nan, math.inf, -math.inf])
def test_numbers_that_are_not_finite_are_never_told(wrong: float) -> None:
    with pytest.raises(ArithmeticError, match="the attribution of 'POSITIVE' by saliency is not finite"):
        explained([0, wrong, 0, 0, 0, 0, 0, 0])
    with pytest.raises(ArithmeticError, match="is not finite"):
        explained([0, 1, 0, 0, 0, 0, 0, 0], delta=wrong)


def test_there_is_a_value_for_each_token() -> None:
    with pytest.raises(ValueError, match="zip"):
        explained([1.0])


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ((), ()),
        ((0.0, -0.0), (0.0, 0.0)),
        ((3.0, -4.0), (0.6, -0.8)),
        ((1e308, 1e308), (math.sqrt(0.5), math.sqrt(0.5))),
        ((5e-324, 0.0), (1.0, 0.0)),
    ],
)
def test_the_norm_is_one_or_all_is_zero(values: tuple[float, ...], expected: tuple[float, ...]) -> None:
    assert normalised(values) == pytest.approx(expected)
