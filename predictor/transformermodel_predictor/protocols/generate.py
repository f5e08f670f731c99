"""Triton's generate extension of V2: one text in, one text out, whole or streamed. Pure.

Source: triton-inference-server/server, docs/protocol/extension_generate.md.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from transformermodel_predictor.handler import ModelMetadata
from transformermodel_predictor.protocols.errors import InvalidRequest
from transformermodel_predictor.protocols.inference import require_few


@dataclass(frozen=True)
class GenerateRequest:
    """A client's request.

    Attributes:
        text: the prompt.
        parameters: parameters of the generation, as sent.
        id: echoed in the response; None if the client sent none.
    """

    text: str
    parameters: Mapping[str, Any]
    id: str | None = None

    @property
    def fields(self) -> Mapping[str, Any]:
        """The question as named fields."""
        return {"text": self.text}


def read_request(body: object, *, stream: bool) -> GenerateRequest:
    """Read a body. As the extension defines, its further members are parameters, too.

    Args:
        body: the JSON value.
        stream: whether the endpoint streams; only then may the body set `stream`.

    Raises:
        InvalidRequest: the body does not follow the extension; the message names the member.
    """
    if not isinstance(body, Mapping):
        raise InvalidRequest("the body must be an object with text_input")
    text, request_id = body.get("text_input"), body.get("id")
    if not isinstance(text, str):
        raise InvalidRequest("text_input must be a string")
    if not isinstance(request_id, str | None):
        raise InvalidRequest("id must be a string")
    parameters = _parameters(body)
    wants_stream = parameters.pop("stream", stream)
    if not isinstance(wants_stream, bool):
        raise InvalidRequest("stream must be true or false")
    if wants_stream and not stream:
        raise InvalidRequest("stream is true, but pieces come from generate_stream")
    return GenerateRequest(text, parameters, request_id)


def write_response(
    request: GenerateRequest, metadata: ModelMetadata, text: str, facts: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Write the whole answer, or one event of a stream.

    Args:
        request: the client's request.
        metadata: the model's.
        text: the generated text, or the new part of it.
        facts: finish reason and token counts, at the end of the text; see `facts`.
    """
    request_id = {} if request.id is None else {"id": request.id}
    model = {"model_name": metadata.name, "model_version": metadata.version}
    return {**request_id, **model, "text_output": text, **(facts or {})}


def facts(finish_reason: str, prompt_tokens: int, generated_tokens: int, truncated_tokens: int) -> dict[str, Any]:
    """Finish reason and token counts of a text; `truncated_tokens` only if the prompt was truncated."""
    truncated = {"truncated_tokens": truncated_tokens} if truncated_tokens else {}
    counts = {"prompt_tokens": prompt_tokens, "generated_tokens": generated_tokens}
    return {"finish_reason": finish_reason, **counts, **truncated}


def _parameters(body: Mapping[str, Any]) -> dict[str, Any]:
    parameters = body.get("parameters")
    if not isinstance(parameters, Mapping | None):
        raise InvalidRequest("parameters must be an object")
    parameters = parameters or {}
    require_few("parameters", len(body) + len(parameters))
    members = {name: value for name, value in body.items() if name not in ("text_input", "id", "parameters")}
    if twice := members.keys() & parameters.keys():
        raise InvalidRequest(f"{min(twice)} is there twice, in the body and in its parameters")
    return {**members, **parameters}
