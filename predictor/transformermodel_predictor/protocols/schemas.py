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


_IMPORTANCES = ("importances", "importances_answer_start", "importances_answer_end")
_ANCESTORS: dict[str, Any] = {
    "words": _list(_TEXT),
    **{name: _list({"type": "number"}) for name in _IMPORTANCES},
    **{name: {"type": ["number", "null"]} for name in ("delta", "delta_start", "delta_end")},
}
"""Members of TorchServe's generalized handler, present if they form a single object."""

_NAMED_TENSOR: dict[str, Any] = {"name": _TEXT, "datatype": _TEXT, "shape": _SHAPE}

SCHEMAS: Mapping[str, dict[str, Any]] = {
    "Error": _object({"error": _TEXT}),
    "TorchServeError": _object({"code": {"type": "integer"}, "type": _TEXT, "message": _TEXT}),
    "Alive": _object({"status": _TEXT}),
    "Status": _object({"status": _TEXT}),
    "ServerLive": _object({"live": {"type": "boolean"}}),
    "ServerReady": _object({"ready": {"type": "boolean"}}),
    "ServerMetadata": _object({"name": _TEXT, "version": _TEXT, "extensions": _list(_TEXT)}),
    "ModelNames": _object({"models": _list(_TEXT)}),
    "ModelReady": _object({"name": _TEXT, "ready": {"type": "boolean"}}),
    "TorchServeModels": _object({"models": _list(_object({"modelName": _TEXT, "modelUrl": _TEXT}))}),
    "RepositoryIndexRequest": _object({}, ready={"type": "boolean"}),
    "RepositoryIndex": _list(
        _object(
            {
                "name": _TEXT,
                "version": _TEXT,
                "state": {"enum": ["LOADING", "READY", "UNLOADING", "UNAVAILABLE"]},
                "reason": _TEXT,
            }
        )
    ),
    "RepositoryLoadRequest": _object({}, parameters={"type": "object"}),
    "RepositoryLoad": _object({"name": _TEXT}, load={"type": "boolean"}, unload={"type": "boolean"}),
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
        },
        **_ANCESTORS,
    ),
    "Explanation": _object(
        {
            "method": {"enum": [method.value for method in Method]},
            "target": _TEXT,
            "score": {"type": "number", "minimum": 0, "maximum": 1},
            "tokens": _list(_reference("Part")),
            "words": _list(_reference("Part")),
            "delta": {"type": ["number", "null"]},
            "converged": {
                "type": ["boolean", "null"],
                "description": "Whether the delta came under the tolerance; null where the method promises none.",
            },
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
        parameters=_object({}, optional={"type": "boolean"}, content_type=_TEXT),
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
"""The schemas by their names in the document's components."""
