import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tests.predictor.torchserve.ts.archives import EXPLAIN, PREDICT, begin, context_of
from transformermodel_predictor.torchserve.testing import handlers_can_import

with handlers_can_import():
    from ts.context import Context
    from ts.handler_utils.utils import send_intermediate_predict_response
    from ts.intermediate import Piece
    from ts.torch_handler.base_handler import BaseHandler
    from ts.torch_handler.request_envelope.body import BodyEnvelope
    from ts.torch_handler.request_envelope.json import JSONEnvelope
    from ts.torch_handler.request_envelope.kserve import KServeEnvelope
    from ts.torch_handler.request_envelope.kservev2 import KServev2Envelope


class Recorded:
    """A handler that remembers its rows, and answers each by a function."""

    def __init__(self, answer: Any = lambda row: row) -> None:
        self.answer = answer
        self.seen: list[Any] = []

    def __call__(self, rows: Sequence[Any], context: Context) -> list[Any]:
        self.seen.append(rows)
        return [self.answer(row) for row in rows]


def ask(envelope: Any, requests: Sequence[Any], headers: Mapping[str, str] = PREDICT) -> Any:
    """What is answered to requests with these bodies."""
    context = begin(context_of(Path("/nowhere")), len(requests), headers)
    return envelope.handle([{"body": request} for request in requests], context)


def tensor(datatype: str, shape: list[int], data: Any, name: str = "x", **more: Any) -> dict[str, Any]:
    return {"name": name, "shape": shape, "datatype": datatype, "data": data, **more}


def test_body_hands_over_what_was_sent() -> None:
    handler = Recorded()
    assert ask(BodyEnvelope(handler), [b"x", "y"]) == [b"x", "y"]
    assert handler.seen == [[b"x", "y"]]


def test_json_takes_the_instances_of_all_requests_together() -> None:
    handler = Recorded(lambda row: row * 2)
    answers = ask(JSONEnvelope(handler), [{"instances": [1, 2]}, b'{"instances": ["a"]}', {"instances": []}])
    assert handler.seen == [[1, 2, "a"]]
    assert [json.loads(answer) for answer in answers] == [
        {"predictions": [2, 4]},
        {"predictions": ["aa"]},
        {"predictions": []},
    ]


def test_json_writes_arrays_too() -> None:
    (answer,) = ask(JSONEnvelope(Recorded(lambda row: np.float32(row))), [{"instances": [1.5]}])
    assert json.loads(answer) == {"predictions": [1.5]}


def test_kserve_answers_every_request_of_a_batch() -> None:
    handler = Recorded(lambda row: row["data"].upper())
    requests = [{"instances": [{"data": "a"}, {"data": "b"}]}, {"instances": [{"data": "c"}]}]
    assert ask(KServeEnvelope(handler), requests) == [{"predictions": ["A", "B"]}, {"predictions": ["C"]}]
    assert ask(KServeEnvelope(handler), requests, EXPLAIN) == [{"explanations": ["A", "B"]}, {"explanations": ["C"]}]


@pytest.mark.parametrize("envelope", [JSONEnvelope, KServeEnvelope, KServev2Envelope])
@pytest.mark.parametrize("wrong", [b"{", {"x": 3}, [1], {"instances": 3, "inputs": 3}])
def test_a_request_of_another_form_is_told_so_and_harms_no_other(envelope: Any, wrong: Any) -> None:
    right = {"instances": [1], "inputs": [tensor("INT64", [1], [1])]}
    context = begin(context_of(Path("/nowhere")), 3)
    first, refusal, last = envelope(Recorded()).handle([{"body": body} for body in (right, wrong, right)], context)
    assert [context.get_response_status(row)[0] for row in range(3)] == [200, 400, 200]
    assert refusal.startswith("the body ")
    assert "id" in first or first == last


def test_a_handler_is_not_asked_when_there_is_nothing_to_ask() -> None:
    handler = Recorded()
    ask(KServeEnvelope(handler), [{"x": 3}])
    assert handler.seen == []


def test_a_description_needs_no_form() -> None:
    handler = Recorded(lambda row: {"inputs": "text"})
    assert ask(KServev2Envelope(handler), [b""], {"describe": "True"}) == [{"inputs": "text"}]


def test_too_few_answers_are_an_error_and_not_shifted_to_other_requests() -> None:
    with pytest.raises(
        ValueError, match="number of batch response mismatched: the handler was given 2 rows, and gave 1 answers"
    ):
        ask(KServeEnvelope(lambda rows, context: [1]), [{"instances": [1]}, {"instances": [2]}])


def test_the_context_speaks_of_rows_while_the_handler_works() -> None:
    sent: list[Piece] = []

    def handle(rows: Sequence[Any], context: Context) -> list[Any]:
        context.set_response_status(code=201, phrase="made", idx=2)
        send_intermediate_predict_response(["p", "q", "r"], context.request_ids, "so far", 200, context)
        return [context.get_request_id(row) for row in range(len(rows))]

    context = begin(context_of(Path("/nowhere")), 2)
    context._sender = sent.extend
    requests = [{"body": {"instances": [1, 2]}}, {"body": {"instances": [3]}}]
    assert KServeEnvelope(handle).handle(requests, context) == [
        {"predictions": ["request-0", "request-0"]},
        {"predictions": ["request-1"]},
    ]
    assert [context.get_response_status(row)[0] for row in range(2)] == [200, 201]
    assert [piece.value for piece in sent if piece.index == 1] == ["r"]
    assert context.request_ids == {0: "request-0", 1: "request-1"}


def test_v2_gives_every_input_of_every_request_in_its_shape() -> None:
    handler = Recorded(lambda row: row["data"])
    answers = ask(
        KServev2Envelope(handler),
        [
            {"id": "own", "inputs": [tensor("FP32", [2, 2], [1.5, 2, 3, 4]), tensor("INT64", [1, 2], [[5, 6]], "y")]},
            b'{"inputs": [{"name": "z", "shape": [-1], "datatype": "BOOL", "data": [true, false]}]}',
        ],
    )
    assert [row["data"] for row in handler.seen[0]] == [[[1.5, 2], [3, 4]], [[5, 6]], [True, False]]
    assert answers == [
        {
            "id": "own",
            "model_name": "m",
            "model_version": "1.0",
            "outputs": [
                tensor("FP64", [2, 2], [1.5, 2, 3, 4]),
                tensor("INT64", [1, 2], [5, 6], "y"),
            ],
        },
        {
            "id": "request-1",
            "model_name": "m",
            "model_version": "1.0",
            "outputs": [tensor("BOOL", [2], [True, False], "z")],
        },
    ]


def test_v2_gives_every_text_a_row_and_puts_the_answers_together() -> None:
    handler = Recorded(lambda row: [len(row["data"]), 0.5])
    (answer,) = ask(KServev2Envelope(handler), [{"inputs": [tensor("BYTES", [2], ["a", "bb"])]}])
    assert handler.seen == [[tensor("BYTES", [1], "a"), tensor("BYTES", [1], "bb")]]
    assert answer["outputs"] == [tensor("FP64", [2, 2], [1, 0.5, 2, 0.5])]


@pytest.mark.parametrize(
    ("answer", "output"),
    [
        (3, tensor("INT64", [1], [3])),
        ("so", tensor("BYTES", [1], ["so"])),
        (b"so", tensor("BYTES", [1], ["so"])),
        (["a", "b"], tensor("BYTES", [2], ["a", "b"])),
        (np.ones((2, 1), np.float32), tensor("FP32", [2, 1], [1.0, 1.0])),
        (torch.zeros(2, dtype=torch.int32), tensor("INT32", [2], [0, 0])),
        ({"label": "a", "score": np.float64(0.5)}, tensor("BYTES", [1], ['{"label": "a", "score": 0.5}'])),
        ([["a", 0.5]], tensor("BYTES", [1], ['[["a", 0.5]]'])),
        ([[1], [1, 2]], tensor("BYTES", [1], ["[[1], [1, 2]]"])),
        ([], tensor("BYTES", [1], ["[]"])),
        (None, tensor("BYTES", [1], ["null"])),
    ],
)
def test_v2_answers_with_a_tensor_or_with_json_in_a_text(answer: Any, output: dict[str, Any]) -> None:
    (found,) = ask(KServev2Envelope(Recorded(lambda row: answer)), [{"inputs": [tensor("INT64", [1], [1])]}])
    assert found["outputs"] == [output]


def test_v2_answers_that_differ_in_shape_are_a_text_each() -> None:
    handler = Recorded(lambda row: list(row["data"]))
    (answer,) = ask(KServev2Envelope(handler), [{"inputs": [tensor("BYTES", [2], ["a", "bb"])]}])
    assert answer["outputs"] == [tensor("BYTES", [2], ['["a"]', '["b", "b"]'])]


class Explaining(BaseHandler):
    """Predicts a text's length, and explains by what it was asked."""

    def preprocess(self, data: Any) -> torch.Tensor:
        return torch.tensor([len(row["data"]) for row in data])

    def inference(self, data: torch.Tensor, *args: Any, **kwargs: Any) -> torch.Tensor:
        return data

    def get_insights(self, prepared: torch.Tensor, given: str, target: Any) -> Any:
        return [{"text": given, "target": target}]


def test_v2_explains_every_row_for_the_target_in_the_parameters() -> None:
    requests = [
        {"inputs": [tensor("BYTES", [2], ["a", "bb"])], "parameters": {"target": 2}},
        {"inputs": [tensor("BYTES", [1], ["c"], parameters={"target": [1, 2]})]},
    ]
    first, second = ask(KServev2Envelope(Explaining().handle), requests, EXPLAIN)
    assert [json.loads(text) for text in first["outputs"][0]["data"]] == [
        {"text": "a", "target": 2},
        {"text": "bb", "target": 2},
    ]
    assert json.loads(second["outputs"][0]["data"][0]) == {"text": "c", "target": [1, 2]}


def test_v2_may_ask_for_an_explanation_in_the_parameters_beside_predictions() -> None:
    asked = {"inputs": [tensor("BYTES", [1], ["a"])]}
    explained = {**asked, "parameters": {"explain": True}}
    answers = ask(KServev2Envelope(Explaining().handle), [asked, explained, asked])
    assert [answer["outputs"][0]["data"] for answer in answers] == [[1], ['{"text": "a", "target": 0}'], [1]]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"name": "x"}, "an input has no shape"),
        (tensor("INT64", [3], [1]), r"the input x has 1 values, and its shape is \[3\]"),
        (tensor("INT64", ["a"], [1]), "the shape of the input x must be a list of whole numbers"),
        ({"name": "x", "shape": [1], "datatype": "INT64"}, "an input has no data; binary data cannot be read"),
    ],
)
def test_v2_says_what_is_wrong_with_an_input(given: dict[str, Any], said: str) -> None:
    import re

    (answer,) = ask(KServev2Envelope(Recorded()), [{"inputs": [given]}])
    assert re.match(said, answer)
