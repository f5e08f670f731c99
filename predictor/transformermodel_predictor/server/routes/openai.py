"""The routes of OpenAI's API, for models that generate text."""

import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import AsyncExitStack, aclosing
from dataclasses import replace

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from transformermodel_predictor.generation.generating_handler import GeneratingHandler
from transformermodel_predictor.generation.merging import begun
from transformermodel_predictor.generation.piece import Piece
from transformermodel_predictor.generation.text import EncodedPrompt, GeneratedText, GenerationQuestion
from transformermodel_predictor.portions import in_portions
from transformermodel_predictor.protocols.errors import ModelNotReady, Refusal
from transformermodel_predictor.protocols.openai import (
    ChatForm,
    Choice,
    Form,
    TextForm,
    Usage,
    Writer,
    error_document,
    model_document,
)
from transformermodel_predictor.protocols.openai_request import CompletionRequest, read_chat, read_completion
from transformermodel_predictor.protocols.sizes import require_short
from transformermodel_predictor.server.bodies import JSONResponse, read_json
from transformermodel_predictor.server.connection import while_connected
from transformermodel_predictor.server.event_stream import EventStream
from transformermodel_predictor.server.header_names import TRUNCATED_TOKENS
from transformermodel_predictor.server.inference import Inference
from transformermodel_predictor.server.models.generators import generates, require_generator
from transformermodel_predictor.server.models.models import Models

_PREFIX = "/openai/v1"
_DONE = b"[DONE]"


class OpenAIRoutes:
    """OpenAI's API for the models of a server."""

    def __init__(self, models: Models, inference: Inference, max_body_bytes: int) -> None:
        self._models = models
        self._inference = inference
        self._max_body_bytes = max_body_bytes
        self._created = int(time.time())

    def routes(self) -> list[Route]:
        """What is answered where."""
        return [
            Route(f"{_PREFIX}/models", self.list_models),
            Route(f"{_PREFIX}/models/{{name}}", self.model),
            Route(f"{_PREFIX}/completions", self.complete, methods=["POST"]),
            Route(f"{_PREFIX}/chat/completions", self.chat, methods=["POST"]),
        ]

    async def list_models(self, _: Request) -> JSONResponse:
        """The models that generate text and are ready."""
        names = [name for name in self._models.names if self._generates(name)]
        return JSONResponse({"object": "list", "data": [model_document(name, self._created) for name in names]})

    async def model(self, request: Request) -> JSONResponse:
        """One of the models that generate text."""
        name = request.path_params["name"]
        require_generator(self._models.served(name))
        return JSONResponse(model_document(name, self._created))

    async def complete(self, request: Request) -> Response:
        """Continue prompts."""
        with self._inference.reading("openai", request.headers):
            completion = read_completion(await read_json(request, self._max_body_bytes), self._inference.limits.rows)
        return await self._answer(request, completion, TextForm())

    async def chat(self, request: Request) -> Response:
        """Answer the last message of a conversation."""
        with self._inference.reading("openai", request.headers):
            completion = read_chat(await read_json(request, self._max_body_bytes), self._inference.limits.rows)
        return await self._answer(request, completion, ChatForm())

    def _generates(self, name: str) -> bool:
        try:
            return generates(self._models.served(name))
        except ModelNotReady:
            return False

    async def _answer(self, request: Request, completion: CompletionRequest, form: Form) -> Response:
        writer = Writer(form, completion.model, completion.usage, completion.logprobs is not None)
        async with AsyncExitStack() as until_answered:
            measured = self._inference.request("openai", completion.model, headers=request.headers)
            handler = require_generator(until_answered.enter_context(measured))
            self._inference.require_size(completion.prompts)
            require_short(completion.tokens, self._inference.limits.text_bytes)
            questions = await _questions(handler, completion)
            if not completion.stream:
                return _whole(writer, await while_connected(request, handler.generate(questions)), completion.choices)
            prompts = [await handler.encode(question) for question in questions]
            pieces = await until_answered.enter_async_context(aclosing(handler.streams(prompts)))
            first = await while_connected(request, anext(pieces))
            events = _events(writer, prompts, completion, begun(first, pieces))
            headers = _truncation(_usage(prompts, 0, completion.choices))
            return EventStream(events, until_answered.pop_all(), _write_error, headers)


async def _questions(handler: GeneratingHandler, completion: CompletionRequest) -> list[GenerationQuestion]:
    """The question of each choice, in order."""
    questions: list[GenerationQuestion] = []
    async for number, fields in in_portions(enumerate(completion.prompts)):
        tokens = tuple(completion.tokens[number]) if completion.tokens else None
        question = replace(
            handler.question(fields, completion.parameters), tokens=tokens, likeliest=completion.logprobs
        )
        parameters = question.parameters
        questions += [
            replace(question, parameters=parameters.of_choice(choice)) for choice in range(completion.choices)
        ]
    return questions


def _whole(writer: Writer, texts: Sequence[GeneratedText], choices: int) -> JSONResponse:
    usage = _usage([text.prompt for text in texts], sum(len(text.tokens) for text in texts), choices)
    written = [Choice(text.full_text, text.finish_reason.value, text.scores) for text in texts]
    return JSONResponse(writer.answer(written, usage), headers=_truncation(usage))


async def _events(
    writer: Writer,
    prompts: Sequence[EncodedPrompt],
    completion: CompletionRequest,
    pieces: AsyncGenerator[tuple[int, Piece], None],
) -> AsyncGenerator[bytes, None]:
    """The data of each event."""
    for index, prompt in enumerate(prompts):
        if opening := writer.opening(index):
            yield orjson.dumps(opening)
        if prompt.question.parameters.return_full_text:
            yield orjson.dumps(writer.piece(index, prompt.text))
    tokens = 0
    async for index, piece in pieces:
        tokens += 1
        if piece.text or piece.finish_reason:
            yield orjson.dumps(writer.piece(index, piece.text, piece.finish_reason, piece.scores))
    if completion.usage:
        yield orjson.dumps(writer.closing(_usage(prompts, tokens, completion.choices)))
    yield _DONE


def _write_error(refusal: Refusal) -> bytes:
    return orjson.dumps(error_document(refusal))


def _usage(prompts: Sequence[EncodedPrompt], tokens: int, choices: int) -> Usage:
    """The usage of a request, whose prompts are repeated once per choice.

    Args:
        prompts: one per choice.
        tokens: generated tokens of all choices.
        choices: number of choices per prompt.
    """
    distinct = prompts[::choices]
    return Usage(
        prompt=sum(len(prompt.tokens) for prompt in distinct),
        completion=tokens,
        truncated=sum(prompt.truncated for prompt in distinct),
    )


def _truncation(usage: Usage) -> dict[str, str]:
    return {TRUNCATED_TOKENS: str(usage.truncated)} if usage.truncated else {}
