import io
import json
from typing import Any

import numpy as np
import pytest
import torch

from transformermodel_predictor.torchserve.worker.answers import UnusableAnswer, checked, reply


def body(value: Any) -> bytes:
    return reply(value, 200, None, {}).body


@pytest.mark.parametrize(
    ("value", "written", "is_json"),
    [
        (b"\x00raw", b"\x00raw", False),
        (bytearray(b"raw"), b"raw", False),
        ("Grüße", "Grüße".encode(), False),
        ({"a": 1}, b'{\n  "a": 1\n}', True),
        (["é", None], b'[\n  "\\u00e9",\n  null\n]', True),
        (None, b"null", True),
        (1.5, b"1.5", True),
        (float("nan"), b"NaN", True),
    ],
)
def test_bytes_and_text_are_sent_as_they_are_all_else_as_torchserve_writes_json(
    value: Any, written: bytes, is_json: bool
) -> None:
    sent = reply(value, 200, None, {})
    assert (sent.body, sent.json) == (written, is_json)


def test_a_tensor_is_sent_as_torch_saves_it() -> None:
    assert torch.load(io.BytesIO(body(torch.tensor([1, 2])))).tolist() == [1, 2]


def test_arrays_tensors_and_their_scalars_can_stand_in_json() -> None:
    value = {"label": np.int64(3), "scores": np.array([0.5, 0.25]), "box": torch.tensor([1.0, 2.0])}
    assert json.loads(body(value)) == {"label": 3, "scores": [0.5, 0.25], "box": [1.0, 2.0]}


@pytest.mark.parametrize("value", [{1, 2}, {"a": object()}, {("a", "b"): 1}])
def test_what_cannot_be_json_is_refused_in_torchserves_words(value: Any) -> None:
    with pytest.raises(UnusableAnswer, match=r"^Unsupported model output data type\.?: "):
        reply(value, 200, None, {})


def test_a_value_that_contains_itself_is_refused() -> None:
    value: list[Any] = []
    value.append(value)
    with pytest.raises(UnusableAnswer, match="Unsupported model output data type"):
        reply(value, 200, None, {})


@pytest.mark.parametrize(
    ("answers", "problem"),
    [
        ({"a": 1}, "Invalid model predict output: the handler returned a dict"),
        (None, "Invalid model predict output: the handler returned None"),
        (("a", "b"), "Invalid model predict output: the handler returned a tuple"),
        (["a"], "number of batch response mismatched: the handler was given 2 rows, its answers are 1"),
    ],
)
def test_there_has_to_be_a_list_with_one_answer_for_each_row(answers: Any, problem: str) -> None:
    with pytest.raises(UnusableAnswer, match=problem):
        checked(answers, rows=2)


def test_the_handlers_status_and_headers_go_with_the_answer() -> None:
    sent = reply("x", 404, "No such cat", {"Content-Type": "text/x-cat", "X-Count": 3, "ts_stream_next": "true"})
    assert (sent.status, sent.phrase, sent.content_type, sent.headers) == (
        404,
        "No such cat",
        "text/x-cat",
        {"X-Count": "3"},
    )


def test_no_header_can_write_another_one() -> None:
    sent = reply("x", 200, "a\nb", {"x-echo": "1\r\nset-cookie: stolen=1", "content-type": "a\rb"})
    assert (sent.headers, sent.phrase, sent.content_type) == ({"x-echo": "1 set-cookie: stolen=1"}, "a b", "a b")


def test_a_status_that_is_none_is_refused() -> None:
    with pytest.raises(UnusableAnswer, match="the status 20, which is none"):
        reply("x", 20, None, {})
