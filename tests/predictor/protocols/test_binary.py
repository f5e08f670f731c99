"""V2's binary extension: sizes that are not right are refused, whatever they are."""

import contextlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transformermodel_predictor.protocols import v2
from transformermodel_predictor.protocols.binary import split_body
from transformermodel_predictor.protocols.datatypes import pack, unpack
from transformermodel_predictor.protocols.errors import InvalidRequest
from transformermodel_predictor.protocols.inference import InferenceRequest, InferenceResponse, Tensor

NUMBERS = {
    "BOOL": [True, False],
    "UINT8": [0, 255],
    "INT16": [-2, 3],
    "UINT64": [2**63],
    "INT64": [-(2**63), 7],
    "FP16": [0.5, -2.0],
    "FP32": [0.25, 1.5],
    "FP64": [1 / 3],
}


def binary_tensor(size: Any, shape: list[int], datatype: str = "BYTES", name: str = "text") -> dict[str, Any]:
    return {"name": name, "datatype": datatype, "shape": shape, "parameters": {"binary_data_size": size}}


class TestElements:
    @given(st.lists(st.text()))
    def test_texts_arrive_unchanged(self, texts: list[str]) -> None:
        assert [raw.decode() for raw in unpack("text", "BYTES", len(texts), pack("BYTES", texts))] == texts

    @pytest.mark.parametrize("datatype", NUMBERS)
    def test_numbers_arrive_unchanged(self, datatype: str) -> None:
        numbers = NUMBERS[datatype]
        assert list(unpack("x", datatype, len(numbers), pack(datatype, numbers))) == numbers

    def test_the_bytes_are_those_of_the_protocol(self) -> None:
        assert pack("BYTES", ["ä", b"ab"]) == b"\x02\0\0\0\xc3\xa4\x02\0\0\0ab"
        assert pack("FP32", [1.0]) == b"\0\0\x80\x3f"
        assert pack("INT64", [1]) == b"\1\0\0\0\0\0\0\0"


class TestRequest:
    def test_bytes_follow_the_json_in_the_order_of_the_inputs(self) -> None:
        first, second = pack("BYTES", ["a", "b"]), pack("BYTES", ["c", "d"])
        inputs = [
            binary_tensor(len(first), [2]),
            {"name": "other", "datatype": "BYTES", "shape": [1], "data": ["json"]},
            binary_tensor(len(second), [2], name="text_pair"),
        ]
        request = v2.read_request({"inputs": inputs}, first + second)
        assert [tuple(tensor.data) for tensor in request.inputs] == [(b"a", b"b"), ("json",), (b"c", b"d")]

    def test_the_header_says_where_the_json_ends(self) -> None:
        assert split_body(b'{"a":1}xyz', "7") == (b'{"a":1}', b"xyz")
        assert split_body(b'{"a":1}', None) == (b'{"a":1}', b"")
        assert split_body(b'{"a":1}', "7") == (b'{"a":1}', b"")

    @pytest.mark.parametrize("length", ["", "x", "-1", "1.5", "11", "9" * 100, "9" * 5000, "٣"])
    def test_a_header_that_is_no_length_within_the_body(self, length: str) -> None:
        with pytest.raises(InvalidRequest, match="inference-header-content-length"):
            split_body(b'{"a":1}xyz', length)

    @pytest.mark.parametrize(
        ("tensor", "content", "problem"),
        [
            (binary_tensor(6, [1]), b"\1\0\0\0a", "should have 6 bytes after the JSON, but there are 5"),
            (binary_tensor(4, [1]), b"\1\0\0\0a", "ends within element 0"),
            (binary_tensor(2, [1]), b"\1\0", "ends within the length of element 0"),
            (binary_tensor(5, [1]), b"\xff\xff\xff\xffa", "ends within element 0"),
            (binary_tensor(5, [1]), b"\1\0\0\0axyz", "3 bytes after the JSON belong to no input"),
            (binary_tensor(5, [2]), b"\1\0\0\0a", "has 1 elements, but its shape says 2"),
            (binary_tensor(5, []) | {"shape": [10**18, 10**18]}, b"\1\0\0\0a", "has 1 elements"),
            (binary_tensor(0, [1]), b"", "has 0 elements, but its shape says 1"),
            (binary_tensor(8, [1]), b"\0" * 8, "has more elements than the 1 that its shape says"),
            (binary_tensor(-1, [1]), b"", "must be a number of bytes"),
            (binary_tensor(1.5, [1]), b"ab", "must be a number of bytes"),
            (binary_tensor(True, [1]), b"ab", "must be a number of bytes"),
            (binary_tensor("5", [1]), b"\1\0\0\0a", "must be a number of bytes"),
            (binary_tensor(4, [2], "FP32"), b"\0\0\0\0", "has 4 bytes, but 2 of FP32 need 8"),
            (binary_tensor(4, [10**18], "FP32"), b"\0\0\0\0", "has 4 bytes"),
            (binary_tensor(4, [1], "FP8"), b"\0\0\0\0", "datatype 'FP8' is not known"),
            (binary_tensor(5, [1]) | {"data": ["a"]}, b"\1\0\0\0a", "both data and binary_data_size"),
            (binary_tensor(5, [1]) | {"parameters": [5]}, b"\1\0\0\0a", "parameters of input 'text' must be an object"),
        ],
    )
    def test_every_size_that_is_wrong(self, tensor: dict[str, Any], content: bytes, problem: str) -> None:
        with pytest.raises(InvalidRequest) as refusal:
            v2.read_request({"inputs": [tensor]}, content)
        assert problem in str(refusal.value)

    @given(st.binary(max_size=64), st.integers(0, 70), st.lists(st.integers(0, 9), max_size=3))
    def test_no_bytes_do_harm(self, content: bytes, size: int, shape: list[int]) -> None:
        with contextlib.suppress(InvalidRequest):
            v2.read_request({"inputs": [binary_tensor(size, shape)]}, content)


class TestResponse:
    RESPONSE = InferenceResponse(
        "m", "1", "42", (Tensor("label", "BYTES", (2,), ["A", "ä"]), Tensor("score", "FP32", (2,), [0.5, 0.25])), {}
    )

    @staticmethod
    def request(**members: Any) -> InferenceRequest:
        return v2.read_request({"inputs": [{"name": "t", "datatype": "BYTES", "shape": [1], "data": ["a"]}], **members})

    def test_json_unless_bytes_are_wanted(self) -> None:
        document, binary = v2.write_response(self.RESPONSE, self.request())
        assert binary == []
        assert [output["data"] for output in document["outputs"]] == [["A", "ä"], [0.5, 0.25]]

    def test_the_request_may_want_bytes_of_all(self) -> None:
        document, binary = v2.write_response(self.RESPONSE, self.request(parameters={"binary_data_output": True}))
        assert binary == [pack("BYTES", ["A", "ä"]), pack("FP32", [0.5, 0.25])]
        assert [output["parameters"]["binary_data_size"] for output in document["outputs"]] == [11, 8]
        assert not any("data" in output for output in document["outputs"])

    def test_an_outputs_own_word_goes_before(self) -> None:
        outputs = [{"name": "label", "parameters": {"binary_data": False}}, {"name": "score"}]
        asked = self.request(parameters={"binary_data_output": True}, outputs=outputs)
        document, binary = v2.write_response(self.RESPONSE, asked)
        assert binary == [pack("FP32", [0.5, 0.25])]
        assert document["outputs"][0]["data"] == ["A", "ä"]

    @pytest.mark.parametrize(
        "members",
        [
            {"parameters": {"binary_data_output": "yes"}},
            {"outputs": [{"name": "label", "parameters": {"binary_data": 1}}]},
            {"outputs": [{"name": "label", "parameters": 1}]},
        ],
    )
    def test_what_is_no_flag_is_refused(self, members: dict[str, Any]) -> None:
        with pytest.raises(InvalidRequest):
            self.request(**members)
