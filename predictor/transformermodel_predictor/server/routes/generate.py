"""The routes of V2's generate extension, for models that generate text."""

from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, aclosing

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from transformermodel_predictor.generation.merging import begun
from transformermodel_predictor.generation.piece import Piece
from transformermodel_predictor.generation.text import EncodedPrompt
from transformermodel_predictor.handler import ModelMetadata
from transformermodel_predictor.protocols.errors import Refusal
from transformermodel_predictor.protocols.generate import GenerateRequest, facts, read_request, write_response
from transformermodel_predictor.server.bodies import JSONResponse, read_json
from transformermodel_predictor.server.connection import while_connected
from transformermodel_predictor.server.event_stream import EventStream
from transformermodel_predictor.server.inference import Inference
from transformermodel_predictor.server.models.generators import require_generator


class GenerateRoutes:
    """`generate` and `generate_stream` for the models of a server."""

    def __init__(self, inference: Inference, max_body_bytes: int) -> None:
        self._inference = inference
        self._max_body_bytes = max_body_bytes

    def routes(self) -> list[Route]:
        """What is answered where."""
        models = "/v2/models/{name}", "/v2/models/{name}/versions/{version}"
        return [
            *(Route(f"{path}/generate", self.generate, methods=["POST"]) for path in models),
            *(Route(f"{path}/generate_stream", self.generate_stream, methods=["POST"]) for path in models),
        ]

    async def generate(self, request: Request) -> Response:
        """Generate the text that follows a prompt; the answer also says why it ends."""
        with self._inference.request("v2", **request.path_params, headers=request.headers) as served:
            handler = require_generator(served)
            generate_request = read_request(await read_json(request, self._max_body_bytes), stream=False)
            self._inference.require_size([generate_request.fields])
            question = handler.question(generate_request.fields, generate_request.parameters)
            (text,) = await while_connected(request, handler.generate([question]))
            prompt = text.prompt
            ending = facts(text.finish_reason, len(prompt.tokens), len(text.tokens), prompt.truncated)
            return JSONResponse(write_response(generate_request, handler.metadata, text.full_text, ending))

    async def generate_stream(self, request: Request) -> Response:
        """Generate the text piece by piece, as server-sent events; the last one says why it ends."""
        async with AsyncExitStack() as until_answered:
            measured = self._inference.request("v2", **request.path_params, headers=request.headers)
            handler = require_generator(until_answered.enter_context(measured))
            generate_request = read_request(await read_json(request, self._max_body_bytes), stream=True)
            self._inference.require_size([generate_request.fields])
            question = handler.question(generate_request.fields, generate_request.parameters)
            prompt = await handler.encode(question)
            pieces = await until_answered.enter_async_context(aclosing(handler.stream(prompt)))
            first = await while_connected(request, anext(pieces))
            events = _events(generate_request, handler.metadata, prompt, begun(first, pieces))
            return EventStream(events, until_answered.pop_all(), _write_error)


async def _events(
    request: GenerateRequest, metadata: ModelMetadata, prompt: EncodedPrompt, pieces: AsyncGenerator[Piece, None]
) -> AsyncGenerator[bytes, None]:
    """The data of each event."""
    if prompt.question.parameters.return_full_text:
        yield orjson.dumps(write_response(request, metadata, prompt.text))
    tokens = 0
    async for piece in pieces:
        tokens += 1
        if piece.finish_reason:
            ending = facts(piece.finish_reason, len(prompt.tokens), tokens, prompt.truncated)
            yield orjson.dumps(write_response(request, metadata, piece.text, ending))
        elif piece.text:
            yield orjson.dumps(write_response(request, metadata, piece.text))


def _write_error(refusal: Refusal) -> bytes:
    return orjson.dumps(refusal.document)
