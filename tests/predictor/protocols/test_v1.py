from typing import Any

import pytest

from transformermodel_predictor.handler import Answer
from transformermodel_predictor.protocols import v1
from transformermodel_predictor.protocols.errors import InvalidRequest, TooManyRows
from transformermodel_predictor.tasks.task import TensorSpec

INPUTS = (TensorSpec("text", "BYTES", (-1,)), TensorSpec("text_pair", "BYTES", (-1,), optional=True))


def test_an_instance_is_a_string_or_an_object() -> None:
    request = v1.read_request({"instances": ["a", {"text": "b", "text_pair": "c"}]}, INPUTS)
    assert request.questions == ({"text": "a"}, {"text": "b", "text_pair": "c"})
    assert request.parameters == {}


def test_parameters_stand_beside_the_instances() -> None:
    assert v1.read_request({"instances": ["a"], "parameters": {"top_k": 2}}, INPUTS).parameters == {"top_k": 2}


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ([], "the body must be an object with instances"),
        ({"inputs": []}, "instances must be a list with at least one element"),
        ({"instances": []}, "instances must be a list with at least one element"),
        ({"instances": "a"}, "instances must be a list with at least one element"),
        ({"instances": [1]}, "an instance must be a string or an object with text, text_pair (optional)"),
        ({"instances": [["a"]]}, "an instance must be a string or an object with text, text_pair (optional)"),
        ({"instances": ["a"], "parameters": "top_k"}, "parameters must be an object"),
        ({"instances": ["a"], "parameters": []}, "parameters must be an object"),
        ({"instances": ["a"], "parametres": {}}, "the body has no member 'parametres': did you mean parameters?"),
        ({"instances": ["a"], "params": {}}, "the body has no member 'params': did you mean parameters?"),
        ({"instance": ["a"]}, "the body has no member 'instance': did you mean instances?"),
    ],
)
def test_a_body_that_breaks_the_protocol_is_refused_by_what_is_wrong(body: Any, problem: str) -> None:
    with pytest.raises(InvalidRequest) as refusal:
        v1.read_request(body, INPUTS)
    assert problem in str(refusal.value)


@pytest.mark.parametrize("name", ["signature_name", "metadata", "parameter"])
def test_members_that_are_no_slips_are_passed_over_as_kserves_server_does(name: str) -> None:
    body = {"instances": ["a"], "parameters": {"top_k": 2}, name: "serving_default"}
    assert v1.read_request(body, INPUTS).parameters == {"top_k": 2}


def test_where_two_texts_are_required_a_string_is_not_enough() -> None:
    inputs = (TensorSpec("question", "BYTES", (-1,)), TensorSpec("context", "BYTES", (-1,)))
    with pytest.raises(InvalidRequest, match="an instance must be an object with question, context"):
        v1.read_request({"instances": ["a"]}, inputs)


def test_instances_are_counted_before_they_are_read() -> None:
    assert len(v1.read_request({"instances": ["a", "b"]}, INPUTS, most_rows=2).questions) == 2
    with pytest.raises(TooManyRows, match="3 instances"):
        v1.read_request({"instances": [1, 2, 3]}, INPUTS, most_rows=2)


def test_predictions_are_objects_and_say_what_was_truncated() -> None:
    answers = [Answer({"label": "A", "score": 0.5}, 0), Answer({"label": "B", "score": 0.75}, 9)]
    assert v1.write_response(answers) == {
        "predictions": [
            {"label": "A", "score": 0.5},
            {"label": "B", "score": 0.75, "truncated_tokens": 9},
        ]
    }
