"""The generate extension of V2, as Triton has it: one text in, one text out, whole or in pieces. Pure.

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
    """What a client asks.

    Attributes:
        text: the prompt.
        parameters: how it is to be continued; names and values as they came.
        id: given back with the answer; None where there is none.
    """

    text: str
    parameters: Mapping[str, Any]
    id: str | None = None

    @property
    def fields(self) -> Mapping[str, Any]:
        """The question, as the task reads it."""
        return {"text": self.text}


def read_request(body: object, *, stream: bool) -> GenerateRequest:
    """Read a body. Further members of it are parameters too, as the extension has it.

    Args:
        body: the JSON value.
        stream: whether the answer may come in pieces; a body that says otherwise is refused.

    Raises:
        InvalidRequest: it is not what the extension says.
    """
    if not isinstance(body, Mapping):
        raise InvalidRequest("the body must be an object with text_input")
    text, request_id = body.get("text_input"), body.get("id")
    if not isinstance(text, str):
        raise InvalidRequest("text_input must be a string")
    if not isinstance(request_id, str | None):
        raise InvalidRequest("id must be a string")
    parameters = _parameters(body)
    wanted = parameters.pop("stream", stream)
    if not isinstance(wanted, bool):
        raise InvalidRequest("stream must be true or false")
    if wanted and not stream:
        raise InvalidRequest("stream is true, but pieces come from generate_stream")
    return GenerateRequest(text, parameters, request_id)


def write_response(
    request: GenerateRequest, metadata: ModelMetadata, text: str, facts: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """The whole answer, or a piece of it.

    Args:
        request: what was asked.
        metadata: of the model.
        text: what was generated.
        facts: what else is told: why the text ends and how many tokens it took, as far as that is known.
    """
    identified = {} if request.id is None else {"id": request.id}
    named = {"model_name": metadata.name, "model_version": metadata.version}
    return {**identified, **named, "text_output": text, **(facts or {})}


def facts(finish_reason: str, prompt_tokens: int, generated_tokens: int, truncated_tokens: int) -> dict[str, Any]:
    """What is told at the end of a text; what was cut from the prompt only where something was."""
    cut = {"truncated_tokens": truncated_tokens} if truncated_tokens else {}
    counted = {"prompt_tokens": prompt_tokens, "generated_tokens": generated_tokens}
    return {"finish_reason": finish_reason, **counted, **cut}


def _parameters(body: Mapping[str, Any]) -> dict[str, Any]:
    given = body.get("parameters")
    if not isinstance(given, Mapping | None):
        raise InvalidRequest("parameters must be an object")
    given = given or {}
    require_few("parameters", len(body) + len(given))
    beside = {name: value for name, value in body.items() if name not in ("text_input", "id", "parameters")}
    if twice := beside.keys() & given.keys():
        raise InvalidRequest(f"{min(twice)} is there twice, beside parameters and among them")
    return {**beside, **given}
