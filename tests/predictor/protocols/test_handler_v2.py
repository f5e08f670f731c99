"""What handlers that write V2's body themselves may answer."""

import json

import pytest

from transformermodel_predictor.handler import ModelMetadata
from transformermodel_predictor.protocols.envelopes import Envelope, envelope_of
from transformermodel_predictor.protocols.errors import InvalidRequest, TooManyRows
from transformermodel_predictor.protocols.handler_v2 import respond, rows_of
from transformermodel_predictor.protocols.inference import InferenceRequest, InferenceResponse, Tensor
from transformermodel_predictor.torchserve.call import CallKind, HandlerFailed, Reply
from transformermodel_predictor.torchserve.worker_settings import WorkerSettings

METADATA = ModelMetadata("served", "3", "torchserve-handler", (), (), {})
ASKED = InferenceRequest((Tensor("x", "BYTES", (1,), [b"text"]),), {"target": 1}, ("y",), "mine")


def responded(document: object, request: InferenceRequest = ASKED) -> InferenceResponse:
    reply = Reply(json.dumps(document).encode(), json=True)
    return respond(request, METADATA, Envelope.tensors, CallKind.predict, [reply])


@pytest.mark.parametrize(
    ("name", "envelope"),
    [
        (None, Envelope.rows),
        ("body", Envelope.rows),
        ("json", Envelope.instances),
        ("kserve", Envelope.instances),
        ("kservev2", Envelope.tensors),
    ],
)
def test_an_envelope_says_whose_body_is_wanted(name: str | None, envelope: Envelope) -> None:
    assert envelope_of(WorkerSettings(envelope=name)) is envelope


def test_the_request_reaches_the_handler_as_v2s_body() -> None:
    (((part,),)) = rows_of(ASKED, Envelope.tensors)
    assert (part.name, part.content_type) == ("body", "application/json")
    assert json.loads(part.value) == {
        "id": "mine",
        "inputs": [{"name": "x", "datatype": "BYTES", "shape": [1], "data": ["text"]}],
        "parameters": {"target": 1},
        "outputs": [{"name": "y"}],
    }
    with pytest.raises(InvalidRequest, match="UTF-8"):
        rows_of(InferenceRequest((Tensor("x", "BYTES", (1,), [b"\xff"]),)), Envelope.tensors)


def test_its_outputs_are_the_responses_under_the_names_of_this_server() -> None:
    output = {"name": "y", "datatype": "FP32", "shape": [2, 2], "data": [[1.0, 2.0], [3.0, 4.0]]}
    response = responded({"id": "its own", "model_name": "packed", "outputs": [output]})
    assert (response.model_name, response.model_version, response.id) == ("served", "3", "mine")
    assert response.outputs == (Tensor("y", "FP32", (2, 2), [1.0, 2.0, 3.0, 4.0]),)


def test_explanations_become_texts() -> None:
    output = {"name": "y", "datatype": "BYTES", "shape": [1], "data": [{"words": ["a"]}]}
    (tensor,) = responded({"outputs": [output]}).outputs
    assert tensor.data == ['{"words":["a"]}']


@pytest.mark.parametrize(
    "document",
    [
        [],
        {},
        {"outputs": [1]},
        {"outputs": [{"name": "y"}]},
        {"outputs": [{"name": "y", "datatype": "FP32", "shape": [2], "data": [1.0]}]},
    ],
)
def test_what_is_no_body_of_v2_is_the_handlers_failure(document: object) -> None:
    with pytest.raises(HandlerFailed):
        responded(document)
    with pytest.raises(HandlerFailed, match="not JSON"):
        respond(ASKED, METADATA, Envelope.tensors, CallKind.predict, [Reply(b"text")])


def test_each_row_is_a_call_and_a_whole_body_is_one() -> None:
    asked = InferenceRequest((Tensor("x", "FP32", (3, 2), [0.0] * 6),))
    assert len(rows_of(asked, Envelope.rows, most_rows=3)) == 3
    assert len(rows_of(asked, Envelope.tensors, most_rows=2)) == 1
    for envelope in (Envelope.rows, Envelope.instances):
        with pytest.raises(TooManyRows, match="3 rows"):
            rows_of(asked, envelope, most_rows=2)
