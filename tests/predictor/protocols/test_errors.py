import asyncio

import grpc
import pytest

from transformermodel_predictor.batching import Overloaded
from transformermodel_predictor.device_thread import ShutDown
from transformermodel_predictor.protocols.errors import (
    EXPECTED,
    BodyTooLarge,
    DeadlineExceeded,
    InvalidRequest,
    ModelNotReady,
    ServerEnds,
    TextTooLarge,
    TooManyRows,
    Unauthorized,
    UnknownModel,
    UnknownVersion,
    refusal_of,
)
from transformermodel_predictor.protocols.torchserve_errors import error_document
from transformermodel_predictor.tasks.task import InvalidQuestion


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (InvalidQuestion("text is missing"), 400, "INVALID_ARGUMENT"),
        (InvalidRequest("inputs must be a list"), 400, "INVALID_ARGUMENT"),
        (Unauthorized(), 401, "UNAUTHENTICATED"),
        (UnknownModel("m"), 404, "NOT_FOUND"),
        (UnknownVersion("m", "7", "1"), 404, "NOT_FOUND"),
        (BodyTooLarge(10), 413, "RESOURCE_EXHAUSTED"),
        (TextTooLarge(10), 413, "RESOURCE_EXHAUSTED"),
        (TooManyRows(11, 10), 413, "RESOURCE_EXHAUSTED"),
        (ModelNotReady("model 'm' is being loaded"), 503, "UNAVAILABLE"),
        (Overloaded("9 texts are waiting"), 503, "RESOURCE_EXHAUSTED"),
        (DeadlineExceeded(), 504, "DEADLINE_EXCEEDED"),
    ],
)
def test_a_cause_has_a_status_a_code_and_its_own_words(error: Exception, status: int, code: str) -> None:
    told = refusal_of(error)
    assert isinstance(error, EXPECTED)
    assert told.status == status
    assert told.code == grpc.StatusCode[code].name
    assert told.document == {"error": str(error)}
    assert (told.retry_after is not None) == (status == 503)


def test_a_request_is_cancelled_by_a_server_that_ends() -> None:
    assert refusal_of(asyncio.CancelledError()) == refusal_of(ServerEnds())
    assert isinstance(asyncio.CancelledError(), EXPECTED)


def test_a_request_whose_thread_was_shut_down_came_when_the_server_ended() -> None:
    assert refusal_of(ShutDown("engine")) == refusal_of(ServerEnds())
    assert isinstance(ShutDown("engine"), EXPECTED)


def test_torchserves_form_has_the_status_its_name_and_the_words() -> None:
    assert error_document(refusal_of(UnknownModel("m"))) == {
        "code": 404,
        "type": "ModelNotFoundException",
        "message": "there is no model 'm' here; the server has none",
    }


@pytest.mark.parametrize(
    ("there", "offered"),
    [
        ([], "the server has none"),
        (["sentiment"], "there is 'sentiment'"),
        (["entities", "sentiment"], "there are 'sentiment', 'entities'"),
        ([*"abcdef", "sentiment"], "there are 7, such as 'sentiment', 'a', 'b', 'c', 'd'"),
    ],
)
def test_an_unknown_model_is_named_with_those_that_there_are(there: list[str], offered: str) -> None:
    assert refusal_of(UnknownModel("sentimant", there)).message == f"there is no model 'sentimant' here; {offered}"


def test_the_words_of_an_unexpected_error_stay_in_the_house() -> None:
    told = refusal_of(RuntimeError("somebody's private text"))
    assert told.status == 500
    assert "private" not in told.message
