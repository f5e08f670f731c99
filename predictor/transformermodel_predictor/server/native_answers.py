"""Answers TorchServe's inference URLs with prepared models, in the ancestor's forms of bodies and answers."""

from collections.abc import Mapping, Sequence

import orjson
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from transformermodel_api.spec import TaskName
from transformermodel_predictor.handler import Handler, ModelMetadata
from transformermodel_predictor.protocols.errors import InvalidRequest
from transformermodel_predictor.protocols.explanations import write_ancestor_explained
from transformermodel_predictor.server.bodies import parse_json, read_body
from transformermodel_predictor.server.connection import while_connected
from transformermodel_predictor.server.explained_response import FORMAT, explained_response, wanted_format
from transformermodel_predictor.server.form import content_type, is_form, read_form
from transformermodel_predictor.server.header_names import TRUNCATED_TOKENS
from transformermodel_predictor.server.inference import Inference
from transformermodel_predictor.tasks.ancestor import read_body as read_question
from transformermodel_predictor.tasks.ancestor import write_answer
from transformermodel_predictor.torchserve.call import Part

_NOT_PARAMETERS = frozenset({FORMAT, "model_name"})

_NO_FORM = (
    "the body says that it is a form, and has one field without a value: is it a text or JSON? `curl -d` sends forms "
    "unless told otherwise, as by -H 'content-type: text/plain' or application/json"
)


async def predict(inference: Inference, request: Request, handler: Handler, limit: int) -> Response:
    """The bare answer: the label, the answer or the text, or pairs of a token and its label as JSON."""
    task = _task(handler.metadata)
    question = read_question(task, await _read_value(request, limit))
    (answer,) = await while_connected(request, inference.answer(handler, [question.fields], question.parameters))
    return _response(write_answer(task, answer.fields), answer.truncated)


async def explain(inference: Inference, request: Request, handler: Handler, limit: int) -> Response:
    """Tokens with their importances: `words`, `importances` and `delta`; the URL's query has the parameters."""
    task, wanted = _task(handler.metadata), wanted_format(request)
    question = read_question(task, await _read_value(request, limit))
    parameters: dict[str, object] = {
        name: value for name, value in request.query_params.items() if name not in _NOT_PARAMETERS
    }
    if question.target is not None:
        parameters["target"] = question.target
    (explained,) = await while_connected(request, inference.explain(handler, [question.fields], parameters))
    written = write_ancestor_explained(task, explained)
    return explained_response(
        wanted,
        handler.metadata.name,
        [question.fields],
        [explained],
        lambda: _response(written, explained.truncated),
    )


def _task(metadata: ModelMetadata) -> TaskName:
    return TaskName(metadata.parameters["task"])


def _response(written: object, truncated: int) -> Response:
    headers = {TRUNCATED_TOKENS: str(truncated)} if truncated else None
    if isinstance(written, str):
        return PlainTextResponse(written, headers=headers)
    return Response(orjson.dumps(written, option=orjson.OPT_INDENT_2), headers=headers, media_type="application/json")


async def _read_value(request: Request, limit: int) -> object:
    """The body: a JSON value, the parts of a form by name, or for any other content type the raw bytes.

    Raises:
        BodyTooLarge: the body has more than `limit` bytes.
        InvalidRequest: the body does not match its content type.
    """
    body = await read_body(request, limit)
    media_type = content_type(request)
    if media_type == "application/json":
        return parse_json(body)
    if is_form(media_type):
        texts = _texts(await read_form(request, body))
        if list(texts.values()) == [""]:
            raise InvalidRequest(_NO_FORM)
        return texts
    return body


def _texts(parts: Sequence[Part]) -> Mapping[str, str]:
    texts = {}
    for part in parts:
        try:
            texts[part.name] = part.value.decode()
        except UnicodeDecodeError:
            raise InvalidRequest(f"part {part.name!r} of the form must be UTF-8") from None
    return texts
