"""Bodies and answers of TorchServe's generalized handler."""

from typing import Any

import pytest

from transformermodel_api.spec import TaskName
from transformermodel_predictor.tasks.ancestor import AncestorQuestion, read_body, write_answer
from transformermodel_predictor.tasks.task import InvalidQuestion

SEQUENCE, TOKENS = TaskName.SequenceClassification, TaskName.TokenClassification
ANSWERING, GENERATION = TaskName.QuestionAnswering, TaskName.TextGeneration
ASKED = {"question": "who?", "context": "it's me"}


@pytest.mark.parametrize(
    ("body", "question"),
    [
        (b"Bloomberg has decided", AncestorQuestion({"text": "Bloomberg has decided"})),
        ("Größe 東京".encode(), AncestorQuestion({"text": "Größe 東京"})),
        (bytearray(b"as TorchServe gives it"), AncestorQuestion({"text": "as TorchServe gives it"})),
        ("a JSON string", AncestorQuestion({"text": "a JSON string"})),
        (b'{"text": "good", "target": 1}', AncestorQuestion({"text": "good"}, target=1)),
        (b"{'text': 'good', 'target': 0}", AncestorQuestion({"text": "good"}, target=0)),
        ({"text": "good", "target": 1}, AncestorQuestion({"text": "good"}, target=1)),
        ({"text": "good", "target": None}, AncestorQuestion({"text": "good"})),
        ({"text": "good", "target": "positive"}, AncestorQuestion({"text": "good"}, target="positive")),
        ({"data": "good", "target": "None"}, AncestorQuestion({"text": "good"}, target="None")),
        ({"text": "good", "target": True}, AncestorQuestion({"text": "good"}, target=True)),
        ({"data": "good", "target": "{'start': 0}"}, AncestorQuestion({"text": "good"}, target={"start": 0})),
        ({"data": "good"}, AncestorQuestion({"text": "good"})),
        ({"data": "good", "target": "1"}, AncestorQuestion({"text": "good"}, target=1)),
        ({"body": "{'text': 'good', 'target': 1}"}, AncestorQuestion({"text": "good"}, target=1)),
        ({"text": "good", "text_pair": "bad"}, AncestorQuestion({"text": "good", "text_pair": "bad"})),
        (b"{not an object", AncestorQuestion({"text": "{not an object"})),
        (b'{"some": "object"}', AncestorQuestion({"text": '{"some": "object"}'})),
        (b"{" * 200_000, AncestorQuestion({"text": "{" * 200_000})),
        (b"", AncestorQuestion({"text": ""})),
    ],
)
def test_a_text_in_every_form(body: object, question: AncestorQuestion) -> None:
    assert read_body(SEQUENCE, body) == question


@pytest.mark.parametrize(
    "body",
    [
        b"""{"question": "who?", "context": "it's me"}""",
        b"""{'question': 'who?', 'context': "it's me"}""",
        ASKED,
        {"data": str(ASKED)},
    ],
)
def test_a_question_and_its_context(body: object) -> None:
    assert read_body(ANSWERING, body).fields == ASKED


def test_a_literal_may_have_long_strings_but_not_many_parts() -> None:
    text = 'it\'s \\ "long", (very) ' * 10_000
    assert read_body(SEQUENCE, repr({"text": text, "target": 1})) == AncestorQuestion({"text": text}, target=1)
    for many in ("{'text': [" + "(1,)," * 5_000 + "]}", '{"text": [' + "1," * 9_000 + "1]}"):
        assert read_body(SEQUENCE, many) == AncestorQuestion({"text": many})
    target = "[" + "1," * 9_000 + "]"
    assert read_body(SEQUENCE, {"text": "good", "target": target}).target == target


def test_a_target_of_tokens_is_a_pair() -> None:
    for body in (b"{'text': 'good', 'target': (1, 2)}", b'{"text": "good", "target": [1, 2]}'):
        asked = read_body(TOKENS, body)
        assert (asked.fields, asked.target) == ({"text": "good"}, (1, 2))


def test_tokens_are_asked_for_one_by_one() -> None:
    assert read_body(TOKENS, b"good").parameters == {"aggregation_strategy": "none", "ignore_labels": []}


@pytest.mark.parametrize(
    ("task", "body", "problem"),
    [
        (SEQUENCE, b"\xff\xfe", "the body must be UTF-8"),
        (SEQUENCE, ["good"], "the body must be a text, or an object with text"),
        (ANSWERING, b"who?", "the body must be an object, such as"),
        (ANSWERING, None, "the body must be an object"),
    ],
)
def test_what_cannot_be_read_is_named(task: TaskName, body: object, problem: str) -> None:
    with pytest.raises(InvalidQuestion, match=problem):
        read_body(task, body)


def test_nothing_is_run_that_a_client_sends() -> None:
    body = b"{'text': __import__('os').getcwd()}"
    assert read_body(SEQUENCE, body).fields == {"text": body.decode()}


@pytest.mark.parametrize(
    ("task", "fields", "written"),
    [
        (SEQUENCE, {"label": "Accepted", "score": 0.9}, "Accepted"),
        (
            TOKENS,
            {"entities": [{"token": "sarah", "entity": "B-PER", "text": "Sarah"}, {"token": "##s", "entity": "O"}]},
            [["sarah", "B-PER"], ["##s", "O"]],
        ),
        (ANSWERING, {"answer": "London", "score": 0.7, "start": 31, "end": 37}, "London"),
        (GENERATION, {"generated_text": "Once upon", "finish_reason": "stop"}, "Once upon"),
    ],
)
def test_answers_are_bare(task: TaskName, fields: dict[str, Any], written: object) -> None:
    assert write_answer(task, fields) == written
