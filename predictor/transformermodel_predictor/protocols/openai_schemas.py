"""JSON schemas of OpenAI's bodies, for the OpenAPI document. Pure."""

from collections.abc import Mapping
from typing import Any

from transformermodel_predictor.protocols.openai_request import ROLES

_TEXT: dict[str, Any] = {"type": "string"}
_TEXT_OR_NULL: dict[str, Any] = {"type": ["string", "null"]}
_COUNT: dict[str, Any] = {"type": "integer", "minimum": 0}
_NUMBER: dict[str, Any] = {"type": "number"}
_FLAG: dict[str, Any] = {"type": "boolean"}
_TEXTS: dict[str, Any] = {"type": ["string", "array"], "items": _TEXT}
_TOKENS: dict[str, Any] = {"type": "array", "items": _COUNT, "minItems": 1}
_PROMPT: dict[str, Any] = {"anyOf": [_TEXTS, _TOKENS, {"type": "array", "items": _TOKENS}]}
_FINISH_REASON: dict[str, Any] = {"enum": ["stop", "length", None]}


def _object(required: Mapping[str, Any], **optional: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "object", "required": list(required), "properties": {**required, **optional}}


def _list(items: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": dict(items)}


def _or_null(schema: Mapping[str, Any]) -> dict[str, Any]:
    return {"anyOf": [dict(schema), {"type": "null"}]}


_TOKEN = {"token": _TEXT, "logprob": _NUMBER, "bytes": _list(_COUNT)}
_HEAD = {"id": _TEXT, "object": _TEXT, "created": {"type": "integer"}, "model": _TEXT}
_CHOICE = {"index": _COUNT, "finish_reason": _FINISH_REASON}
_TEXT_LOGPROBS = _or_null(
    _object(
        {
            "tokens": _list(_TEXT),
            "token_logprobs": _list(_NUMBER),
            "top_logprobs": _list({"type": "object", "additionalProperties": _NUMBER}),
            "text_offset": _list(_COUNT),
        }
    )
)
_CHAT_LOGPROBS = _or_null(
    _object(
        {"content": _list(_object({**_TOKEN, "top_logprobs": _list(_object(_TOKEN))})), "refusal": {"type": "null"}}
    )
)
_USAGE = _object(
    {"prompt_tokens": _COUNT, "completion_tokens": _COUNT, "total_tokens": _COUNT}, truncated_tokens=_COUNT
)
_GENERATION: dict[str, Any] = {
    "max_tokens": _COUNT,
    "max_completion_tokens": _COUNT,
    "min_tokens": _COUNT,
    "temperature": _NUMBER,
    "top_p": _NUMBER,
    "top_k": _COUNT,
    "repetition_penalty": _NUMBER,
    "do_sample": _FLAG,
    "seed": {"type": "integer"},
    "stop": _TEXTS,
    "n": {"type": "integer", "minimum": 1},
    "stream": _FLAG,
    "stream_options": _object({}, include_usage=_FLAG),
    "user": _TEXT,
}
_PARTS = _list(_object({"type": {"const": "text"}, "text": _TEXT}))
_MESSAGE = _object({"role": {"enum": list(ROLES)}, "content": {"anyOf": [_TEXT, _PARTS]}}, name=_TEXT)

OPENAI_SCHEMAS: Mapping[str, dict[str, Any]] = {
    "OpenAIError": _object(
        {"error": _object({"message": _TEXT, "type": _TEXT, "param": _TEXT_OR_NULL, "code": _TEXT_OR_NULL})}
    ),
    "OpenAIModel": _object({"id": _TEXT, "object": _TEXT, "created": {"type": "integer"}, "owned_by": _TEXT}),
    "OpenAIModels": _object({"object": _TEXT, "data": _list({"$ref": "#/components/schemas/OpenAIModel"})}),
    "CompletionRequest": _object(
        {"model": _TEXT, "prompt": _PROMPT},
        best_of={"type": "integer", "minimum": 1},
        echo=_FLAG,
        logprobs=_COUNT,
        **_GENERATION,
    ),
    "Completion": _object(
        {**_HEAD, "choices": _list(_object({**_CHOICE, "text": _TEXT, "logprobs": _TEXT_LOGPROBS}))},
        usage=_or_null(_USAGE),
    ),
    "ChatRequest": _object(
        {
            "model": _TEXT,
            "messages": _list(_MESSAGE),
        },
        logprobs=_FLAG,
        top_logprobs=_COUNT,
        **_GENERATION,
    ),
    "ChatCompletion": _object(
        {
            **_HEAD,
            "choices": _list(
                _object(
                    {
                        **_CHOICE,
                        "message": _object({"role": _TEXT, "content": _TEXT, "refusal": {"type": "null"}}),
                        "logprobs": _CHAT_LOGPROBS,
                    }
                )
            ),
            "usage": _USAGE,
        }
    ),
    "ChatCompletionChunk": _object(
        {
            **_HEAD,
            "choices": _list(
                _object({**_CHOICE, "delta": _object({}, role=_TEXT, content=_TEXT), "logprobs": _CHAT_LOGPROBS})
            ),
        },
        usage=_or_null(_USAGE),
    ),
}
"""The schemas by their names in the document's components."""
