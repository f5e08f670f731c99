import pytest

from transformermodel_predictor.batching import Overloaded
from transformermodel_predictor.protocols.errors import (
    EXPECTED,
    BodyTooLarge,
    InvalidRequest,
    ModelNotReady,
    UnknownModel,
    refusal,
)
from transformermodel_predictor.tasks.task import InvalidQuestion


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (InvalidQuestion("text is missing"), 400),
        (InvalidRequest("inputs must be a list"), 400),
        (UnknownModel("m"), 404),
        (BodyTooLarge(10), 413),
        (ModelNotReady("model 'm' is being loaded"), 503),
        (Overloaded("9 texts are waiting"), 503),
    ],
)
def test_a_cause_has_a_status_and_its_own_words(error: Exception, status: int) -> None:
    told = refusal(error)
    assert isinstance(error, EXPECTED)
    assert told.status == status
    assert told.document == {"error": str(error)}
    assert (told.retry_after is not None) == (status == 503)


def test_an_unknown_model_is_named() -> None:
    assert refusal(UnknownModel("sentimant")).message == "there is no model 'sentimant' here"


def test_the_words_of_an_unexpected_error_stay_in_the_house() -> None:
    told = refusal(RuntimeError("somebody's private text"))
    assert told.status == 500
    assert "private" not in told.message
