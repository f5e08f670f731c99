from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from transformermodel_predictor.handler import Answer, ModelMetadata
from transformermodel_predictor.protocols import v2
from transformermodel_predictor.protocols.columns import parameters_of, questions_of, respond
from transformermodel_predictor.protocols.errors import InvalidRequest, TooManyRows
from transformermodel_predictor.protocols.inference import InferenceRequest, Tensor
from transformermodel_predictor.tasks.task import TensorSpec

TEXT = TensorSpec("text", "BYTES", (-1,))
PAIR = TensorSpec("text_pair", "BYTES", (-1,), optional=True)
QUESTION_AND_CONTEXT = (TensorSpec("question", "BYTES", (-1,)), TensorSpec("context", "BYTES", (-1,)))
OUTPUTS = (
    TensorSpec("label", "BYTES", (-1,)),
    TensorSpec("score", "FP32", (-1,)),
    TensorSpec("probabilities", "FP32", (-1, 2), optional=True),
)
METADATA = ModelMetadata("m", "v1", "transformers-pretrained", (TEXT, PAIR), OUTPUTS, {"labels": ["A", "B"]})


def tensor(data: Any, shape: Any = None, name: str = "text", datatype: str = "BYTES") -> dict[str, Any]:
    return {"name": name, "datatype": datatype, "shape": [len(data)] if shape is None else shape, "data": data}


def questions(*inputs: dict[str, Any]) -> list[dict[str, Any]]:
    return questions_of(v2.read_request({"inputs": list(inputs)}), (TEXT, PAIR))


class TestInputs:
    @pytest.mark.parametrize(
        ("data", "shape"),
        [
            (["a", "b"], [2]),
            (["a", "b"], [2, 1]),
            (["a", "b"], [1, 2]),
            ([["a"], ["b"]], [2, 1]),
            ([["a", "b"]], [1, 2]),
        ],
    )
    def test_texts_may_be_flat_or_nested(self, data: list[Any], shape: list[int]) -> None:
        assert questions(tensor(data, shape)) == [{"text": "a"}, {"text": "b"}]

    def test_a_shape_without_dimensions_is_one_element(self) -> None:
        assert questions(tensor(["a"], [])) == [{"text": "a"}]

    def test_a_single_input_is_the_text_whatever_its_name(self) -> None:
        assert questions(tensor(["a"], name="input-0")) == [{"text": "a"}]

    def test_several_inputs_are_told_apart_by_name(self) -> None:
        both = questions(tensor(["b", "d"], name="text_pair"), tensor(["a", "c"]))
        assert both == [{"text": "a", "text_pair": "b"}, {"text": "c", "text_pair": "d"}]

    def test_where_two_texts_are_required_a_name_is_needed(self) -> None:
        request = v2.read_request({"inputs": [tensor(["a"], name="input-0")]})
        with pytest.raises(InvalidRequest, match="'input-0' is not known; there are question, context"):
            questions_of(request, QUESTION_AND_CONTEXT)

    def test_bytes_of_other_wires_are_utf_8(self) -> None:
        request = InferenceRequest((Tensor("text", "BYTES", (1,), ("ä".encode(),)),))
        assert questions_of(request, (TEXT,)) == [{"text": "ä"}]
        with pytest.raises(InvalidRequest, match="must be UTF-8"):
            questions_of(InferenceRequest((Tensor("text", "BYTES", (1,), (b"\xff",)),)), (TEXT,))

    @given(st.lists(st.text(), min_size=1))
    def test_every_text_arrives_unchanged(self, texts: list[str]) -> None:
        assert questions(tensor(texts)) == [{"text": text} for text in texts]


class TestMalformed:
    @pytest.mark.parametrize(
        ("body", "problem"),
        [
            (None, "the body must be an object"),
            ([], "the body must be an object"),
            ({}, "inputs must be a list"),
            ({"inputs": []}, "inputs must have at least one tensor"),
            ({"inputs": ["text"]}, "an input must be an object"),
            ({"inputs": [{"datatype": "BYTES"}]}, "an input's name must be a string"),
            ({"inputs": [tensor(["a"]) | {"datatype": 1}]}, "datatype of input 'text' must be a string"),
            ({"inputs": [tensor(["a"], "1")]}, "shape of input 'text' must be a list"),
            ({"inputs": [tensor(["a"], [-1])]}, "shape of input 'text' must be whole numbers"),
            ({"inputs": [tensor(["a"], [1.0])]}, "shape of input 'text' must be whole numbers"),
            ({"inputs": [tensor(["a"], [True])]}, "shape of input 'text' must be whole numbers"),
            (
                {"inputs": [tensor(["a"], [2**62] * 100_000)]},
                "shape of input 'text' has 100000 dimensions; there may be",
            ),
            ({"inputs": [tensor(["a"], [2])]}, "input 'text' has 1 elements, but shape [2]"),
            ({"inputs": [tensor("ab", [2])]}, "data of input 'text' must be a list"),
            (
                {"inputs": [{"name": "text", "datatype": "BYTES", "shape": [1]}]},
                "input 'text' has neither data nor binary_data_size",
            ),
            ({"inputs": [tensor(["a"])], "parameters": [1]}, "parameters must be an object"),
            ({"inputs": [tensor(["a"])], "parameters": []}, "parameters must be an object"),
            ({"inputs": [tensor(["a"])], "outputs": {}}, "outputs must be a list"),
            ({"inputs": [tensor(["a"])], "outputs": ["label"]}, "an output must be an object"),
            (
                {"inputs": [tensor(["a"])], "outputs": [{"name": "label", "parameters": {"classification": 2}}]},
                "parameter 'classification' of output 'label' is not supported: the model's parameter top_k",
            ),
            (
                {"inputs": [tensor(["a"])], "outputs": [{"name": "label", "parameters": {"binary_data": "yes"}}]},
                "binary_data must be true or false",
            ),
            ({"inputs": [tensor(["a"])], "id": 7}, "id must be a string"),
        ],
    )
    def test_a_body_that_breaks_the_protocol_is_refused_by_what_is_wrong(self, body: Any, problem: str) -> None:
        with pytest.raises(InvalidRequest) as refusal:
            v2.read_request(body)
        assert problem in str(refusal.value)

    @pytest.mark.parametrize(("name", "meant"), [("parametres", "parameters"), ("output", "outputs")])
    def test_a_member_that_is_misspelt_is_refused_where_it_would_be_lost(self, name: str, meant: str) -> None:
        with pytest.raises(InvalidRequest, match=f"no member '{name}': did you mean {meant}"):
            v2.read_request({"inputs": [tensor(["a"])], name: []})

    def test_members_of_other_servers_are_passed_over(self) -> None:
        body = {"inputs": [tensor(["a"])], "model_name": "m"}
        assert v2.read_request(body) == v2.read_request({"inputs": [tensor(["a"])]})

    def test_members_that_are_null_are_as_good_as_absent(self) -> None:
        body = {"inputs": [tensor(["a"])], "parameters": None, "outputs": None, "id": None}
        assert v2.read_request(body) == v2.read_request({"inputs": [tensor(["a"])]})

    @pytest.mark.parametrize(
        ("inputs", "problem"),
        [
            ([tensor([1, 2])], "the elements of input 'text' must be strings"),
            ([tensor([["a"], "b"], [2])], "the elements of input 'text' must be strings"),
            ([tensor([[[["a"]]]], [1])], "the elements of input 'text' must be strings"),
            ([tensor([1], datatype="INT64")], "input 'text' must have datatype BYTES, not INT64"),
            ([tensor([["a", "b"], ["c", "d"]], [2, 2])], "must have one dimension, not shape [2, 2]"),
            ([tensor([], [0])], "input 'text' is empty"),
            ([tensor(["a"]), tensor(["b"])], "two inputs have the same name"),
            ([tensor(["a"]), tensor(["b"], name="pair")], "input 'pair' is not known; there are text, text_pair"),
            ([tensor(["a"]), tensor(["b", "c"], name="text_pair")], "text has 1, text_pair has 2"),
        ],
    )
    def test_tensors_that_are_no_texts_are_refused(self, inputs: list[dict[str, Any]], problem: str) -> None:
        with pytest.raises(InvalidRequest) as refusal:
            questions(*inputs)
        assert problem in str(refusal.value)


class TestMostRows:
    @pytest.mark.parametrize(
        "inputs",
        [
            [tensor(["a", "b", "c"])],
            [tensor([["a", "b", "c"]], [1, 3])],
            [tensor([1, 2, 3])],
            [tensor(["a"]), tensor(["a", "b", "c"], name="text_pair")],
        ],
    )
    def test_texts_are_counted_before_they_are_read(self, inputs: list[dict[str, Any]]) -> None:
        with pytest.raises(TooManyRows, match="3 texts in input"):
            v2.read_request({"inputs": inputs}, most_rows=2)

    def test_binary_texts_are_counted_before_they_are_read(self) -> None:
        binary = {"name": "text", "datatype": "BYTES", "shape": [3], "parameters": {"binary_data_size": 1}}
        with pytest.raises(TooManyRows):
            v2.read_request({"inputs": [binary]}, b"?", most_rows=2)

    def test_more_than_the_shape_says_is_not_unfolded(self) -> None:
        with pytest.raises(InvalidRequest, match="has 3 elements, but shape"):
            v2.read_request({"inputs": [tensor([["a"], ["b"], ["c"]], [1, 2])]}, most_rows=2)

    @pytest.mark.parametrize("called", ["inputs", "outputs"])
    def test_more_tensors_than_models_have_are_refused_unread(self, called: str) -> None:
        with pytest.raises(InvalidRequest, match=f"has 1025 {called}; there may be 1024"):
            v2.read_request({"inputs": [tensor(["a"])], called: [{}] * 1025})

    def test_so_are_parameters(self) -> None:
        with pytest.raises(InvalidRequest, match="has 1025 parameters"):
            v2.read_request({"inputs": [tensor(["a"])], "parameters": dict.fromkeys(map(str, range(1025)), 1)})

    def test_numbers_are_no_rows(self) -> None:
        read = v2.read_request({"inputs": [tensor([[1, 2], [3, 4]], [2, 2], datatype="INT64")]}, most_rows=2)
        assert read.inputs[0].data == (1, 2, 3, 4)


class TestParameters:
    def test_they_are_the_models_but_for_those_of_the_protocol(self) -> None:
        body = {"inputs": [tensor(["a"])], "parameters": {"top_k": 2, "binary_data_output": False, "sequence_id": 4}}
        assert parameters_of(v2.read_request(body), OUTPUTS) == {"top_k": 2}

    def test_an_optional_output_is_asked_for_by_its_name(self) -> None:
        body = {"inputs": [tensor(["a"])], "outputs": [{"name": "label"}, {"name": "probabilities"}]}
        assert parameters_of(v2.read_request(body), OUTPUTS) == {"probabilities": True}

    def test_an_output_that_there_is_not_is_refused(self) -> None:
        body = {"inputs": [tensor(["a"])], "outputs": [{"name": "logits"}]}
        with pytest.raises(InvalidRequest, match="'logits' is not known; there are label, score, probabilities"):
            parameters_of(v2.read_request(body), OUTPUTS)


class TestResponse:
    def test_outputs_are_columns(self) -> None:
        answers = [Answer({"label": "A", "score": 0.75}, 0), Answer({"label": "B", "score": 0.5}, 0)]
        request = v2.read_request({"id": "42", "inputs": [tensor(["a", "b"])]})
        document, binary = v2.write_response(respond(request, METADATA, answers), request)
        assert binary == []
        assert orjson.loads(orjson.dumps(document)) == {
            "model_name": "m",
            "model_version": "v1",
            "id": "42",
            "outputs": [
                {"name": "label", "datatype": "BYTES", "shape": [2], "data": ["A", "B"]},
                {"name": "score", "datatype": "FP32", "shape": [2], "data": [0.75, 0.5]},
            ],
        }

    def test_lists_become_a_second_dimension(self) -> None:
        answers = [Answer({"label": ["A", "B"], "score": [0.7, 0.3]}, 0)] * 3
        label, score = respond(v2.read_request({"inputs": [tensor(["a"] * 3)]}), METADATA, answers).outputs
        assert (label.shape, label.data) == ((3, 2), ["A", "B"] * 3)
        assert (score.shape, score.data) == ((3, 2), [0.7, 0.3] * 3)

    def test_only_the_requested_outputs_come_in_their_order(self) -> None:
        answers = [Answer({"label": "A", "score": 0.75, "probabilities": [0.75, 0.25]}, 0)]
        body = {"inputs": [tensor(["a"])], "outputs": [{"name": "probabilities"}, {"name": "label"}]}
        response = respond(v2.read_request(body), METADATA, answers)
        assert [output.name for output in response.outputs] == ["probabilities", "label"]

    def test_truncation_is_told_in_single_values(self) -> None:
        answers = [Answer({"label": "A"}, truncated) for truncated in (0, 3, 0, 4)]
        request = v2.read_request({"inputs": [tensor(["a"] * 4)]})
        response = respond(request, METADATA, answers)
        assert response.parameters == {"truncated_tokens": 7, "truncated_rows": "1,3"}
        assert v2.write_response(response, request)[0]["parameters"] == response.parameters

    def test_a_request_without_an_id_takes_the_headers_or_a_new_one(self) -> None:
        request = v2.read_request({"inputs": [tensor(["a"])]})
        answers = [Answer({"label": "A"}, 0)]
        assert respond(request, METADATA, answers, "from-header").id == "from-header"
        assert respond(request, METADATA, answers).id != respond(request, METADATA, answers).id


def test_metadata_has_the_protocols_members_and_ours_as_parameters() -> None:
    assert v2.write_metadata(METADATA) == {
        "name": "m",
        "versions": ["v1"],
        "platform": "transformers-pretrained",
        "inputs": [
            {"name": "text", "datatype": "BYTES", "shape": [-1]},
            {"name": "text_pair", "datatype": "BYTES", "shape": [-1], "parameters": {"optional": True}},
        ],
        "outputs": [
            {"name": "label", "datatype": "BYTES", "shape": [-1]},
            {"name": "score", "datatype": "FP32", "shape": [-1]},
            {"name": "probabilities", "datatype": "FP32", "shape": [-1, 2], "parameters": {"optional": True}},
        ],
        "parameters": {"labels": ["A", "B"]},
    }


def test_metadata_says_which_texts_are_json() -> None:
    answers = TensorSpec("answers", "BYTES", (-1,), optional=True, json=True)
    labels = TensorSpec("labels", "BYTES", (-1,), json=True)
    told = v2.write_metadata(ModelMetadata("m", "v1", "transformers-pretrained", (TEXT,), (answers, labels), {}))
    assert [spec["parameters"] for spec in told["outputs"]] == [
        {"optional": True, "content_type": "application/json"},
        {"content_type": "application/json"},
    ]
