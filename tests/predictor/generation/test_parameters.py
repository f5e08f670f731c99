"""What a request says of how a text is generated, whatever its clients call it."""

from typing import Any

import pytest

from transformermodel_predictor.artifact.generation import GenerationDefaults
from transformermodel_predictor.generation.parameters import GenerationParameters, read_parameters
from transformermodel_predictor.tasks.task import InvalidQuestion

DEFAULTS = GenerationDefaults()


@pytest.mark.parametrize(
    ("name", "own", "value"),
    [
        ("max_tokens", "max_new_tokens", 5),
        ("max_completion_tokens", "max_new_tokens", 5),
        ("min_tokens", "min_new_tokens", 5),
        ("sample", "do_sample", True),
    ],
)
def test_other_names_are_read_and_told_in_errors(name: str, own: str, value: object) -> None:
    assert (
        read_parameters({name: value}, DEFAULTS)
        == read_parameters({own: value}, DEFAULTS)
        != read_parameters({}, DEFAULTS)
    )
    with pytest.raises(InvalidQuestion, match=f"^{name} must be") as refused:
        read_parameters({name: {}}, DEFAULTS)
    assert refused.value.field == name


def test_two_names_of_one_parameter_must_say_the_same() -> None:
    alike = read_parameters({"max_tokens": 5, "max_completion_tokens": "5", "max_new_tokens": None}, DEFAULTS)
    assert alike.max_new_tokens == 5
    with pytest.raises(
        InvalidQuestion, match=r"^max_tokens and max_new_tokens say the same; leave one out$"
    ) as refused:
        read_parameters({"max_tokens": 5, "max_new_tokens": 6}, DEFAULTS)
    assert refused.value.field == "max_new_tokens"


@pytest.mark.parametrize("given", [{"max_length": 3}, {"stop": [""]}, {"stop": ["a"] * 17}, {"seed": 2**63}])
def test_what_is_unknown_or_beyond_its_range_is_refused_by_its_name(given: dict[str, Any]) -> None:
    with pytest.raises(InvalidQuestion, match=next(iter(given))) as refused:
        read_parameters(given, DEFAULTS)
    assert refused.value.field == next(iter(given))


def test_each_choice_has_a_seed_of_its_own_and_after_the_last_comes_the_first() -> None:
    seeded = GenerationParameters(seed=2**63 - 1)
    assert [seeded.of_choice(number).seed for number in range(3)] == [2**63 - 1, 0, 1]
    assert GenerationParameters().of_choice(1) == GenerationParameters()
