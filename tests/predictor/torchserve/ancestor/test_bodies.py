"""Every form of a body that the ancestor's clients send, and those that it should have taken."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.predictor.torchserve.ancestor.asking import Asked

AncestorOf = Callable[..., Asked]

TEXT = "i love this movie"


@pytest.mark.parametrize(
    "row",
    [
        {"body": TEXT},
        {"body": TEXT.encode()},
        {"body": bytearray(TEXT.encode())},
        {"data": TEXT.encode()},
        {"data": None, "body": TEXT},
        {"body": {"text": TEXT}},
        {"body": {"text": TEXT, "target": 1}},
        {"body": json.dumps({"text": TEXT, "target": None})},
        {"body": str({"text": TEXT, "target": 1}).encode()},
        {"data": str({"text": TEXT, "target": 1})},
        {"data": {"data": TEXT, "target": 0}},  # the envelope `body`
        {"data": [TEXT]},
        {"name": "text", "shape": [1], "datatype": "BYTES", "data": [TEXT]},  # the envelope `kservev2`
        {"text": TEXT.encode(), "target": b"1"},  # a form
        {"data": TEXT.encode(), "target": b"1"},
        TEXT,
    ],
    ids=str,
)
def test_a_text_in_any_form_is_the_same_text(ancestor: AncestorOf, row: Any) -> None:
    asked = ancestor("sequence_classification")
    (expected,) = asked.predict(TEXT)
    assert asked.rows([row]) == [expected]


@pytest.mark.parametrize(
    "body",
    [
        {"question": "was it good", "context": "it was bad"},
        json.dumps({"question": "was it good", "context": "it was bad"}),
        str({"question": "was it good", "context": "it was bad", "target": 0}).encode(),
        '{"question": "was it good", "context": "it was bad", "allow_no_answer": false}',
    ],
    ids=str,
)
def test_a_question_in_any_form_is_the_same_question(ancestor: AncestorOf, body: Any) -> None:
    asked = ancestor("question_answering")
    (told,) = asked.predict(body)
    assert told == asked.rows([{"question": b"was it good", "context": b"it was bad"}])[0]
    assert told.status == 200


@pytest.mark.parametrize("target", ["(1, 2)", "[1, 2]", (1, 2), [1, 2]], ids=str)
def test_a_token_and_its_class_are_named_as_a_tuple_or_as_a_list(ancestor: AncestorOf, target: Any) -> None:
    asked = ancestor("token_classification")
    (expected,) = asked.explain("{'text': 'it was bad', 'target': (1, 2)}")
    assert asked.explain({"text": "it was bad", "target": target}) == [expected]
    assert expected.status == 200


@pytest.mark.parametrize(
    ("mode", "body", "message"),
    [
        ("sequence_classification", b"\xff\xfe", "the body must be UTF-8"),
        ("sequence_classification", None, "the body is empty"),
        ("sequence_classification", 5, "the body must be a text, or an object with text"),
        ("sequence_classification", {"text": TEXT, "colour": 1}, "parameter 'colour' is not known"),
        ("question_answering", TEXT, "the body must be an object, such as"),
        ("question_answering", {"question": "what", "context": ""}, "context is empty"),
    ],
)
def test_a_row_that_cannot_be_read_is_told_so_and_harms_no_other(
    ancestor: AncestorOf, mode: str, body: Any, message: str
) -> None:
    good = {"question": "what", "context": "it was bad"} if mode == "question_answering" else TEXT
    told = ancestor(mode).predict(good, body, good)
    assert [one.status for one in told] == [200, 400, 200]
    assert told[1].answer.startswith(message)
    assert told[0] == told[2]
