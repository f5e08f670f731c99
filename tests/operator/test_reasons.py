"""The catalogue of reasons, and the page that is made of it."""

import re

import pytest

from transformermodel_api.failures import FailureReason
from transformermodel_operator.reasons import Reason
from transformermodel_operator.reference import reasons_page


@pytest.mark.parametrize("failure", FailureReason)
def test_every_class_of_failure_is_a_reason_with_the_same_remedy(failure: FailureReason) -> None:
    reason = Reason.of_failure(failure)
    assert reason.value == failure.name
    assert reason.meaning.endswith(failure.remedy)


@pytest.mark.parametrize("reason", Reason)
def test_every_reason_is_a_word_and_has_a_line_in_the_reference(reason: Reason) -> None:
    assert re.fullmatch(r"[A-Z][A-Za-z]+", reason.value)
    assert reason.meaning.endswith(".")
    assert sum(line.startswith(f"| `{reason.value}` ") for line in reasons_page().splitlines()) == 1


def test_what_kserve_says_is_a_reason_too_even_if_it_is_new() -> None:
    assert Reason.of_kserve("ModelLoadFailed") is Reason.ModelLoadFailed
    assert Reason.of_kserve("SomethingNew") is Reason.KServeNotReady
