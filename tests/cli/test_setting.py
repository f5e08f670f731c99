"""KEY=VALUE means the same behind every flag."""

from typing import Any

import pytest

from transformermodel_api.errors import UserError
from transformermodel_api.explanations import ExplanationLimits, Explanations
from transformermodel_cli.explanation_flags import changed_explanations
from transformermodel_cli.parameter_flag import read_parameters
from transformermodel_cli.setting import Setting


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("5", 5),
        ('"5"', "5"),
        ("0.5", 0.5),
        ("false", False),
        ("False", "False"),
        ("[0, 2]", [0, 2]),
        ("mask", "mask"),
        ("a=b", "a=b"),
        ("", ""),
        ("[" * 100_000, "[" * 100_000),
    ],
)
def test_a_value_is_json_and_a_text_where_it_is_none(text: str, value: Any) -> None:
    assert Setting.read("--parameter", f"key={text}", "key=1") == Setting("key", text)
    assert read_parameters([f"key={text}"]) == {"key": value}


def test_both_flags_read_the_same_values() -> None:
    given = ["enabled=false", 'tolerance="0.1"', 'limits={"steps": 50}']
    assert read_parameters(given) == {"enabled": False, "tolerance": "0.1", "limits": {"steps": 50}}
    assert changed_explanations(Explanations(), given) == Explanations(
        enabled=False, tolerance="0.1", limits=ExplanationLimits(steps=50)
    )


def test_what_can_only_be_a_text_needs_no_quotes() -> None:
    assert changed_explanations(Explanations(), ["tolerance=0.1"]).tolerance == "0.1"


@pytest.mark.parametrize("given", ["samples", "=5", ""])
def test_what_sets_nothing_is_refused_with_an_example(given: str) -> None:
    with pytest.raises(UserError, match=f"--parameter {given}: write KEY=VALUE, such as max_new_tokens=1"):
        read_parameters([given])
    with pytest.raises(UserError, match=f"--explanations {given}: write KEY=VALUE, such as method=Lime"):
        changed_explanations(Explanations(), [given])
