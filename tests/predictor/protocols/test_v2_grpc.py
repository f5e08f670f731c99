import struct
from typing import Any

import pytest

from transformermodel_predictor.protocols import v2_grpc
from transformermodel_predictor.protocols.datatypes import pack
from transformermodel_predictor.protocols.errors import InvalidRequest, TooManyRows
from transformermodel_predictor.protocols.inference import InferenceRequest, InferenceResponse, Tensor
from transformermodel_predictor.protocols.messages import messages

TYPED = {
    "BOOL": ("bool_contents", [True, False]),
    "INT8": ("int_contents", [-(2**7), 2**7 - 1]),
    "INT16": ("int_contents", [-(2**15), 2**15 - 1]),
    "INT32": ("int_contents", [-(2**31), 2**31 - 1]),
    "INT64": ("int64_contents", [-(2**63), 2**63 - 1]),
    "UINT8": ("uint_contents", [0, 2**8 - 1]),
    "UINT16": ("uint_contents", [0, 2**16 - 1]),
    "UINT32": ("uint_contents", [0, 2**32 - 1]),
    "UINT64": ("uint64_contents", [0, 2**64 - 1]),
    "FP32": ("fp32_contents", [-0.5, 1.5]),
    "FP64": ("fp64_contents", [-0.1, 1e300]),
    "BYTES": ("bytes_contents", [b"", "größer".encode()]),
}
"""Each datatype's member of InferTensorContents, as the protocol has it, and elements at the ends of its range."""


def request(datatype: str = "BYTES", *, raw: bytes | None = None, **more: Any) -> Any:
    tensor = messages.ModelInferRequest.InferInputTensor(name="text", datatype=datatype, shape=[2])
    contents = [] if raw is None else [raw]
    return messages.ModelInferRequest(model_name="m", inputs=[tensor], raw_input_contents=contents, **more)


def response(*tensors: Tensor) -> InferenceResponse:
    return InferenceResponse("m", "1", "42", tensors, {})


@pytest.mark.parametrize(
    ("wire", "value"),
    [(b"\x21" + struct.pack("<d", 0.5), 0.5), (b"\x28\x03", 3), (b"\x28" + b"\xff" * 9 + b"\x01", 2**64 - 1)],
    ids=["double", "uint64", "largest"],
)
def test_parameters_in_fields_of_tritons_own_are_read(wire: bytes, value: float) -> None:
    parameter = messages.InferParameter.FromString(wire)
    asked = request(raw=pack("BYTES", ["a", "b"]), parameters={"priority": parameter})

    assert v2_grpc.read_request(asked).parameters == {"priority": value}


@pytest.mark.parametrize("wire", [b"", b"\x32\x01a"], ids=["none", "another field"])
def test_a_parameter_without_a_value_is_refused(wire: bytes) -> None:
    asked = request(raw=pack("BYTES", ["a", "b"]), parameters={"top_k": messages.InferParameter.FromString(wire)})

    with pytest.raises(InvalidRequest, match="'top_k' has no value; send floats as strings"):
        v2_grpc.read_request(asked)


@pytest.mark.parametrize("datatype", TYPED)
def test_typed_contents_come_and_go_in_the_datatypes_own_member(datatype: str) -> None:
    member, elements = TYPED[datatype]
    asked = request(datatype)
    getattr(asked.inputs[0].contents, member).extend(elements)

    (tensor,) = v2_grpc.read_request(asked).inputs
    answered = v2_grpc.write_response(response(tensor), InferenceRequest((tensor,)))

    assert list(tensor.data) == elements
    assert answered.outputs[0].contents == asked.inputs[0].contents
    assert not answered.raw_output_contents


@pytest.mark.parametrize("datatype", [*TYPED, "FP16"])
def test_raw_contents_come_and_go_little_endian(datatype: str) -> None:
    elements = TYPED.get(datatype, ("", [-0.5, 1.5]))[1]
    asked = v2_grpc.read_request(request(datatype, raw=pack(datatype, elements)))

    answered = v2_grpc.write_response(response(*asked.inputs), asked)

    assert list(asked.inputs[0].data) == elements
    assert list(answered.raw_output_contents) == [pack(datatype, elements)]
    assert not answered.outputs[0].HasField("contents")


def test_where_one_output_has_no_typed_contents_all_are_raw() -> None:
    outputs = Tensor("a", "FP32", (1,), [0.5]), Tensor("b", "FP16", (1,), [1.5])

    answered = v2_grpc.write_response(response(*outputs), InferenceRequest(()))

    assert list(answered.raw_output_contents) == [pack("FP32", [0.5]), pack("FP16", [1.5])]
    assert not any(output.HasField("contents") for output in answered.outputs)


def test_parameters_keep_their_types_and_numbers_that_are_not_whole_travel_as_strings() -> None:
    said = {"bool_param": True, "int64_param": -3, "string_param": "two words"}
    parameters = {name: messages.InferParameter(**{name: value}) for name, value in said.items()}
    parameters["decimal"] = messages.InferParameter(string_param="2.5e-1")

    assert v2_grpc.read_request(request(raw=pack("BYTES", ["a", "b"]), parameters=parameters)).parameters == {
        **said,
        "decimal": 0.25,
    }


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        (request("FP16"), "datatype 'FP16' of input 'text' has no typed contents"),
        (request("INT64"), "input 'text' has 0 elements, but shape [2]"),
        (request("INT64", raw=b"1234"), "input 'text' has 4 bytes, but 2 of INT64 need 16"),
        (request(raw=b"\1\0\0\0"), "input 'text' ends within element 0"),
        (request(parameters={"top_k": messages.InferParameter()}), "parameter 'top_k' has no value"),
        (
            request(
                outputs=[
                    messages.ModelInferRequest.InferRequestedOutputTensor(
                        name="label",
                        parameters={"shared_memory_region": messages.InferParameter(string_param="a")},
                    )
                ]
            ),
            "parameter 'shared_memory_region' of output 'label' is not supported: outputs come with the response",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_breaks_the_protocol_is_refused_by_what_is_wrong(asked: Any, words: str) -> None:
    if asked.parameters:
        asked.inputs[0].contents.bytes_contents.extend([b"a", b"b"])
    with pytest.raises(InvalidRequest) as refusal:
        v2_grpc.read_request(asked)
    assert words in str(refusal.value)


def test_contents_beside_raw_contents_are_refused() -> None:
    asked = request(raw=pack("BYTES", ["a", "b"]))
    asked.inputs[0].contents.bytes_contents.extend([b"a", b"b"])
    with pytest.raises(InvalidRequest, match="has contents beside raw_input_contents"):
        v2_grpc.read_request(asked)


def test_texts_are_counted_before_they_are_read_and_numbers_are_no_rows() -> None:
    for asked in (request(raw=b"?"), request()):
        with pytest.raises(TooManyRows, match="2 texts in input 'text'"):
            v2_grpc.read_request(asked, most_rows=1)
    v2_grpc.read_request(request("BOOL", raw=b"\0\1"), most_rows=1)


def test_more_parameters_than_models_have_are_refused_unread() -> None:
    parameters = {str(number): messages.InferParameter() for number in range(1025)}
    with pytest.raises(InvalidRequest, match="has 1025 parameters; there may be 1024"):
        v2_grpc.read_request(request(raw=b"?", parameters=parameters))
