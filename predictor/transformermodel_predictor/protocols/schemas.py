"""JSON schemas of the bodies in V1 and V2, for the OpenAPI document. Pure."""

from collections.abc import Mapping
from typing import Any

from transformermodel_predictor.explanations.explanation import Method

_TEXT: dict[str, Any] = {"type": "string"}
_PARAMETERS: dict[str, Any] = {
    "type": "object",
    "additionalProperties": {"type": ["string", "number", "boolean"]},
    "description": "How the answer is wanted: the task's parameters, `timeout` in microseconds, and `explain` with the "
    "parameters of explanations.",
}
_SHAPE: dict[str, Any] = {"type": "array", "items": {"type": "integer", "minimum": 0}}


def _object(required: Mapping[str, Any], **optional: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "object", "required": list(required), "properties": {**required, **optional}}


def _list(items: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": dict(items)}


def _reference(name: str) -> dict[str, Any]:
    return {"$ref": f"#/components/schemas/{name}"}


_NAMED_TENSOR: dict[str, Any] = {"name": _TEXT, "datatype": _TEXT, "shape": _SHAPE}

SCHEMAS: Mapping[str, dict[str, Any]] = {
    "Error": _object({"error": _TEXT}),
    "TorchServeError": _object({"code": {"type": "integer"}, "type": _TEXT, "message": _TEXT}),
    "PredictRequest": _object(
        {"instances": {"type": "array", "minItems": 1, "items": {"type": ["string", "object"]}}},
        parameters={"type": "object"},
    ),
    "PredictResponse": _object({"predictions": _list({"type": "object"})}),
    "ExplainResponse": _object({"explanations": _list(_reference("Explained"))}),
    "Explained": _object(
        {
            "answer": {"type": "object", "description": "A prediction's members."},
            "explanations": _list(_reference("Explanation")),
            "truncated_tokens": {"type": "integer", "minimum": 0},
        }
    ),
    "Explanation": _object(
        {
            "method": {"enum": [method.value for method in Method]},
            "target": _TEXT,
            "score": {"type": "number", "minimum": 0, "maximum": 1},
            "tokens": _list(_reference("Part")),
            "words": _list(_reference("Part")),
            "delta": {"type": ["number", "null"]},
            "steps": {"type": "integer", "minimum": 0},
            "details": {"type": "object"},
        }
    ),
    "Part": _object(
        {
            "text": _TEXT,
            "field": _TEXT,
            "start": {"type": "integer", "minimum": 0},
            "end": {"type": "integer", "minimum": 0},
            "importance": {"type": "number"},
        }
    ),
    "InputTensor": _object(
        _NAMED_TENSOR,
        data={"type": "array", "description": "The elements, flat or nested; absent where they follow as bytes."},
        parameters=_object({}, binary_data_size={"type": "integer", "minimum": 0}),
    ),
    "OutputTensor": _object(
        _NAMED_TENSOR,
        data={"type": "array", "description": "The elements in row-major order; absent where they follow as bytes."},
        parameters=_object({}, binary_data_size={"type": "integer", "minimum": 0}),
    ),
    "RequestedOutput": _object({"name": _TEXT}, parameters=_object({}, binary_data={"type": "boolean"})),
    "InferenceRequest": _object(
        {"inputs": {**_list(_reference("InputTensor")), "minItems": 1}},
        id=_TEXT,
        parameters=_PARAMETERS,
        outputs=_list(_reference("RequestedOutput")),
    ),
    "InferenceResponse": _object(
        {"model_name": _TEXT, "model_version": _TEXT, "id": _TEXT, "outputs": _list(_reference("OutputTensor"))},
        parameters=_PARAMETERS,
    ),
    "GenerateRequest": _object({"text_input": _TEXT}, id=_TEXT, parameters={"type": "object"}),
    "GenerateResponse": _object(
        {"model_name": _TEXT, "model_version": _TEXT, "text_output": _TEXT},
        id=_TEXT,
        finish_reason={"enum": ["stop", "length"]},
        **{name: {"type": "integer"} for name in ("prompt_tokens", "generated_tokens", "truncated_tokens")},
    ),
    "TensorMetadata": _object(
        {**_NAMED_TENSOR, "shape": {"type": "array", "items": {"type": "integer", "minimum": -1}}},
        parameters=_object({}, optional={"type": "boolean"}),
    ),
    "ModelMetadata": _object(
        {
            "name": _TEXT,
            "versions": _list(_TEXT),
            "platform": _TEXT,
            "inputs": _list(_reference("TensorMetadata")),
            "outputs": _list(_reference("TensorMetadata")),
        },
        parameters={
            "type": "object",
            "description": "Task, labels, limits, precision, commit, digest, and what `explanations` may be asked for.",
        },
    ),
}
"""By their names among the document's components."""
