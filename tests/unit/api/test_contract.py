"""What the operator and a preparation tell each other survives the way, whatever it holds."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from tests.unit.api.generated import sound_manifests
from tests.unit.api.wrong_manifests import changed
from transformermodel_api.contract import (
    TERMINATION_MESSAGE_LIMIT,
    Failed,
    PreparationRequest,
    Prepared,
    read_outcome,
    write_outcome,
)
from transformermodel_api.failures import FailureReason
from transformermodel_api.model import TransformerModel

PREPARED = Prepared(
    digest="0" * 64,
    path="artifacts/0",
    commit="main",
    size_bytes=2**40,
    format="Pretrained",
    engine="pretrained",
    precision="Float32",
)


def request(**changes: object) -> PreparationRequest:
    return PreparationRequest.of(TransformerModel.read(changed(**changes)).spec)


def test_a_prepared_outcome_survives() -> None:
    assert read_outcome(write_outcome(PREPARED)) == PREPARED


@given(st.sampled_from(FailureReason), st.text(st.characters(), max_size=3000))
def test_a_failure_survives_within_the_limit_of_a_termination_message(reason: FailureReason, message: str) -> None:
    failed = Failed.because(reason, message)
    written = write_outcome(failed)

    assert len(written.encode()) <= TERMINATION_MESSAGE_LIMIT
    assert read_outcome(written) == failed
    assert failed.message.endswith(reason.remedy)


@pytest.mark.parametrize("character", ["a", "ü", "\N{PILE OF POO}", "\x00", '"', "\udcff"])
@pytest.mark.parametrize("reason", FailureReason)
def test_a_long_message_is_cut_whatever_its_characters_take(reason: FailureReason, character: str) -> None:
    written = write_outcome(Failed.because(reason, character * 100_000))

    assert len(written.encode()) <= TERMINATION_MESSAGE_LIMIT
    assert "… " in written


@pytest.mark.parametrize("message", ["", "Killed", "{}", '{"outcome":"Unknown"}', '{"outcome":"Failed"}'])
def test_a_message_of_somebody_else_is_refused(message: str) -> None:
    with pytest.raises(ValidationError):
        read_outcome(message)


@given(sound_manifests())
def test_a_request_survives(document: dict[str, object]) -> None:
    asked = PreparationRequest.of(TransformerModel.read(document).spec)

    assert PreparationRequest.model_validate_json(asked.canonical()) == asked
    assert json.loads(asked.canonical()) == asked.document()


def test_a_request_tells_the_device_that_is_named_and_nothing_where_none_is() -> None:
    assert request(predictor__device="CUDA").document()["device"] == "CUDA"
    assert "device" not in request().document()


def test_a_request_does_not_tell_where_and_when_it_runs() -> None:
    elsewhere = request(
        preparation={"deadlineSeconds": 60, "nodeSelector": {"gpu": "yes"}, "resources": {"limits": {"cpu": 1}}},
        predictor__minReplicas=3,
        suspend=True,
    )

    assert elsewhere == request()
    assert elsewhere.fingerprint() == request().fingerprint()


@pytest.mark.parametrize(
    "changes",
    [
        {"source__uri": "hf://org/other"},
        {"source__revision": "v2"},
        {"preparation__maxLength": 128},
        {"tests": [{"input": {"text": "a"}, "expect": {"label": "b"}}]},
    ],
)
def test_a_request_for_something_else_has_another_fingerprint(changes: dict[str, object]) -> None:
    assert request(**changes).fingerprint() != request().fingerprint()


def test_a_default_that_is_written_out_is_the_same_request() -> None:
    assert request(preparation__format="Auto").canonical() == request().canonical()
