"""What holds of every method that leaves words out, on models whose explanation is known beforehand."""

import math
from collections.abc import Sequence

import pytest

from tests.predictor.explanations.by_hand import ACCESS, CLS, MASK, PAD, SEP, Formula, explain, target
from transformermodel_predictor.explanations.explanation import GRADIENT_METHODS, Baseline, Method, Options
from transformermodel_predictor.explanations.game import MOST_ROWS
from transformermodel_predictor.explanations.methods.catalogue import METHODS
from transformermodel_predictor.explanations.model_access import ModelAccess
from transformermodel_predictor.tasks.task import InvalidQuestion

PERTURBING = [method for method in Method if method not in GRADIENT_METHODS]
SHAPLEY = [Method.ShapleySampling, Method.KernelShap]
GOOD, BAD, NOT, DULL = 10, 11, 12, 13

methods = pytest.mark.parametrize("method", PERTURBING)
shapley = pytest.mark.parametrize("method", SHAPLEY)


def opinion(tokens: Sequence[int]) -> float:
    """Good words count, `not` turns them round; nothing else matters."""
    sign = -1.0 if NOT in tokens else 1.0
    return 0.25 + sign * (2.0 * tokens.count(GOOD) - 1.5 * tokens.count(BAD))


def interplay(tokens: Sequence[int]) -> float:
    """What each word does depends on its place and on all others."""
    return math.sin(sum((place + 1) * token for place, token in enumerate(tokens)) / 7)


@methods
def test_the_word_that_matters_has_all_of_the_importance(method: Method) -> None:
    found = explain(method, target([[DULL], [GOOD], [DULL]]), Formula(opinion))
    assert found.values[0] == found.values[4] == 0.0  # the special tokens
    assert found.values[1] == pytest.approx(0, abs=0.02)
    assert found.values[2] == pytest.approx(2, rel=0.05 if method is Method.Lime else 1e-9)
    assert found.values[3] == pytest.approx(0, abs=0.02)


@methods
def test_words_that_do_the_same_are_equally_important(method: Method) -> None:
    found = explain(method, target([[GOOD], [DULL], [GOOD], [BAD]]), Formula(opinion))
    assert found.values[1] == pytest.approx(found.values[3], abs=1e-9)
    assert found.values[1] > 1


@methods
def test_tokens_of_a_word_come_and_go_together_and_share_its_importance(method: Method) -> None:
    engine = Formula(lambda tokens: 3.0 * (tokens.count(GOOD) == 2))
    found = explain(method, target([[GOOD, GOOD], [DULL]]), engine)
    assert found.values[1] == found.values[2]
    assert found.values[1] + found.values[2] == pytest.approx(3, rel=0.3 if method is Method.Lime else 1e-9)
    assert {encoding.features["input_ids"].count(GOOD) for step in engine.steps for encoding in step} == {0, 2}


@methods
@pytest.mark.parametrize(("baseline", "token"), [(Baseline.Pad, PAD), (Baseline.Mask, MASK)])
def test_absent_words_are_replaced_in_their_place(method: Method, baseline: Baseline, token: int) -> None:
    engine = Formula(opinion)
    explain(method, target([[GOOD], [NOT]]), engine, baseline=baseline)
    asked = {tuple(encoding.features["input_ids"]) for step in engine.steps for encoding in step}
    assert asked >= {(CLS, GOOD, NOT, SEP), (CLS, token, NOT, SEP), (CLS, GOOD, token, SEP)}
    assert all(tokens[0] == CLS and tokens[-1] == SEP and len(tokens) == 4 for tokens in asked)


@methods
def test_the_same_seed_gives_the_same_values_and_another_one_others(method: Method) -> None:
    asked = target([[token] for token in range(20, 32)])
    one, again, other = (explain(method, asked, Formula(interplay), samples=40, seed=seed) for seed in (1, 1, 2))
    assert one == again
    assert (one == other) == (method is Method.FeatureAblation)  # which draws nothing


@methods
def test_a_long_text_asks_for_a_bounded_number_of_rows_and_few_at_once(method: Method) -> None:
    engine = Formula(interplay)
    found = explain(method, target([[20 + word] for word in range(200)]), engine)
    assert max(map(len, engine.steps)) <= MOST_ROWS
    assert found.steps == sum(map(len, engine.steps)) <= 1002
    assert all(map(math.isfinite, found.values))


@methods
def test_a_text_without_words_is_explained_by_nothing(method: Method) -> None:
    found = explain(method, target([]), Formula(opinion))
    assert found.values == (0.0, 0.0)
    assert found.delta in (None, 0.0)


@methods
def test_a_single_word_has_all_of_the_importance(method: Method) -> None:
    found = explain(method, target([[BAD]]), Formula(opinion))
    assert found.values[1] < 0
    if method is not Method.Lime:  # whose penalty draws to nothing
        assert found.values[1] == pytest.approx(-1.5)


@methods
@pytest.mark.parametrize("samples", [1, 2, 3, 5])
@pytest.mark.parametrize("words", [1, 2, 3, 8])
def test_any_number_of_samples_will_do(method: Method, samples: int, words: int) -> None:
    found = explain(method, target([[20 + word] for word in range(words)]), Formula(interplay), samples=samples)
    assert all(map(math.isfinite, found.values))


@methods
def test_an_embedding_of_zeros_is_refused_before_the_model_is_asked(method: Method) -> None:
    with pytest.raises(InvalidQuestion, match=r"'zero' is an embedding and not a token.*'pad' or 'mask'"):
        METHODS[method](target([[GOOD]]), Options(baseline=Baseline.Zero), ACCESS)


@methods
def test_a_token_that_the_model_has_not_is_refused(method: Method) -> None:
    with pytest.raises(InvalidQuestion, match="has no mask token; possible is 'pad'"):
        METHODS[method](target([[GOOD]]), Options(baseline=Baseline.Mask), ModelAccess({Baseline.Pad: PAD}))


@methods
def test_a_model_that_overflows_is_an_error_and_no_importance(method: Method) -> None:
    with pytest.raises(ArithmeticError, match="not finite"):
        explain(method, target([[GOOD]]), Formula(lambda tokens: math.inf if PAD in tokens else 1.0))


@shapley
@pytest.mark.parametrize("words", [1, 2, 4, 7, 12, 40])
@pytest.mark.parametrize("samples", [2, 25, None])
def test_shapley_values_sum_to_the_difference_that_the_text_makes(
    method: Method, words: int, samples: int | None
) -> None:
    asked = target([[20 + word] for word in range(words)])
    found = explain(method, asked, Formula(interplay), samples=samples)
    difference = interplay([CLS, *range(20, 20 + words), SEP]) - interplay([CLS, *[PAD] * words, SEP])
    assert sum(found.values) == pytest.approx(difference, abs=1e-9)
    assert found.delta == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize("method", [Method.FeatureAblation, Method.Lime])
def test_others_promise_no_sum(method: Method) -> None:
    assert explain(method, target([[GOOD], [NOT]]), Formula(opinion)).delta is None


@shapley
def test_shapley_values_of_two_words_are_those_of_the_textbook(method: Method) -> None:
    """Worths: nothing 0.25, `good` 2.25, `not` 0.25, both -1.75."""
    found = explain(method, target([[NOT], [GOOD]]), Formula(opinion))
    joining_first, joining_last = 2.25 - 0.25, -1.75 - 0.25
    assert found.values[2] == pytest.approx((joining_first + joining_last) / 2)
    assert found.values[1] == pytest.approx((0.25 - 0.25 + -1.75 - 2.25) / 2)


@shapley
def test_shapley_values_of_a_winning_coalition(method: Method) -> None:
    """The glove game: one left and two right gloves; a pair is worth 1, and so the left one 2/3."""
    left, right = 20, 21
    engine = Formula(lambda tokens: float(left in tokens and right in tokens))
    found = explain(method, target([[left], [right], [right]]), engine)
    assert found.values == pytest.approx((0, 2 / 3, 1 / 6, 1 / 6, 0))


@shapley
def test_more_samples_come_nearer_to_the_exact_values(method: Method) -> None:
    asked = target([[20 + word] for word in range(9)])
    exact = explain(Method.ShapleySampling, asked, Formula(interplay), samples=1000)
    assert exact.steps == 2**9

    def error(samples: int) -> float:
        seeds = [explain(method, asked, Formula(interplay), samples=samples, seed=seed) for seed in range(5)]
        return sum(math.dist(found.values, exact.values) for found in seeds)

    few, many = (2, 40) if method is Method.ShapleySampling else (20, 400)
    assert error(many) < error(few) / 2


def test_orders_that_would_take_minutes_are_refused_with_how_many_may_be() -> None:
    engine = Formula(interplay)
    with pytest.raises(InvalidQuestion, match="orders of all 200 words of this text: ask for at most 100"):
        explain(Method.ShapleySampling, target([[20 + word] for word in range(200)]), engine, samples=101)
    assert not engine.steps


@pytest.mark.parametrize("method", [Method.FeatureAblation, Method.ShapleySampling])
def test_a_text_with_which_a_method_would_take_hours_is_refused_before_it_begins(method: Method) -> None:
    """Asked about a text without each of its words, work grows with the square of the length."""
    affordable, too_long = target([(10,)] * 3000), target([(10,)] * 4000)
    METHODS[method](affordable, Options(method, samples=1), ACCESS)
    with pytest.raises(InvalidQuestion, match=r"400[01] times about 4002 tokens, and at most 2498 times may be: take"):
        METHODS[method](too_long, Options(method, samples=1), ACCESS)
    METHODS[Method.KernelShap](too_long, Options(Method.KernelShap), ACCESS)
