"""The handler of language models: serves many clients from one batch per replica, as whole texts or streams."""

import asyncio
import threading
import time
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import replace
from typing import Any, TypeVar

from transformermodel_api.explanations import Explanations
from transformermodel_predictor.batching.turns import Turns
from transformermodel_predictor.explanations.explainer import Explainer
from transformermodel_predictor.explanations.explanation import Explained
from transformermodel_predictor.explanations.settings import NotExplained
from transformermodel_predictor.generation.concurrency import for_each
from transformermodel_predictor.generation.generator import GenerationLimits, Generator
from transformermodel_predictor.generation.loaded import LoadedGenerator, generated_text
from transformermodel_predictor.generation.merging import merge
from transformermodel_predictor.generation.piece import Piece
from transformermodel_predictor.generation.text import EncodedPrompt, GeneratedText, GenerationQuestion
from transformermodel_predictor.handler import Answer, metadata_of, read_questions
from transformermodel_predictor.telemetry.observer import Observer, Unobserved
from transformermodel_predictor.telemetry.timeline import noted
from transformermodel_predictor.workers import Workers

_Result = TypeVar("_Result")


class GenerationHandler:
    """Serves a loaded language model. Implements `GeneratingHandler`.

    Args:
        name: the model's name in URLs.
        model: the loaded model.
        workers: the server's threads.
        limits: on batches and waiting sequences.
        observer: notified of queueing times and steps.
        explanations: spec.predictor.explanations; the defaults when None.
    """

    def __init__(
        self,
        name: str,
        model: LoadedGenerator,
        workers: Workers,
        limits: GenerationLimits | None = None,
        observer: Observer | None = None,
        explanations: Explanations | None = None,
    ) -> None:
        self._model = model
        self._tokenizing = threading.Lock()
        self._explainer = (
            None
            if model.engine is None
            else Explainer(model, model.engine, workers, self._tokenizing, explanations, observer)
        )
        self._workers = workers
        self._observer = observer or Unobserved()
        self._generators = Turns(
            [
                Generator(new_decoder(), workers.of_replica(index), limits, observer)
                for index, new_decoder in enumerate((model.new_decoder, *model.replicas))
            ]
        )
        self.metadata = replace(metadata_of(name, model.artifact, model.task), inputs=model.inputs)

    async def answer(
        self, questions: Sequence[Mapping[str, Any]], parameters: Mapping[str, Any] | None = None
    ) -> list[Answer]:
        """Answer questions as one batch; see `Handler`."""
        texts = await self.generate(await read_questions(self.question, questions, parameters or {}))
        return [Answer(self._model.task.fields(text), text.prompt.truncated) for text in texts]

    @property
    def explanation_facts(self) -> Mapping[str, Any] | None:
        """The explanations section of the metadata; see `Handler`."""
        return None if self._explainer is None else self._explainer.facts

    async def explain(
        self, questions: Sequence[Mapping[str, Any]], parameters: Mapping[str, Any] | None = None
    ) -> list[Explained]:
        """Generate texts, and explain each by all requested methods; see `Handler`."""
        explainer = self._require_explainer()
        request = explainer.read(parameters or {})
        read = await read_questions(self.question, questions, request.parameters)
        await explainer.require(read, request)
        return await explainer.explain(await self._generate(read), request)

    def _require_explainer(self) -> Explainer:
        if self._explainer is None:
            raise NotExplained(
                "texts that a graph generates cannot be explained: prepare the model as Pretrained (spec.preparation)"
            )
        return self._explainer

    def question(self, fields: Mapping[str, Any], parameters: Mapping[str, Any]) -> GenerationQuestion:
        """Parse a question; see `GeneratingHandler`."""
        return self._model.task.question(fields, parameters)

    async def generate(self, questions: Sequence[GenerationQuestion]) -> list[GeneratedText]:
        """Generate whole texts; see `GeneratingHandler`."""
        self._workers.predict()
        return await self._generate(questions)

    async def _generate(self, questions: Sequence[GenerationQuestion]) -> list[GeneratedText]:
        """Like `generate`, but not counted as a prediction, which explanations would give way to."""
        generator = self._generators.next()
        with generator.admit(len(questions)):
            prompts = [await self.encode(question) for question in questions]
            return await self._whole(prompts, generator)

    async def encode(self, question: GenerationQuestion) -> EncodedPrompt:
        """Tokenize a question in the tokenizing thread; see `GeneratingHandler`."""

        def work() -> EncodedPrompt:
            with self._tokenizing:
                began = time.perf_counter()
                encoded = self._model.encode(question)
                self._observer.phase("tokenize", time.perf_counter() - began)
                return encoded

        return await self._off_loop(noted("tokenize", work))

    async def stream(self, prompt: EncodedPrompt) -> AsyncGenerator[Piece, None]:
        """Stream the pieces of a text; see `GeneratingHandler`."""
        self._workers.predict()
        generator = self._generators.next()
        with generator.admit(1):
            async with aclosing(self._pieces(prompt, generator)) as pieces:
                async for piece in pieces:
                    yield piece

    async def streams(self, prompts: Sequence[EncodedPrompt]) -> AsyncGenerator[tuple[int, Piece], None]:
        """Stream the pieces of several texts; see `GeneratingHandler`."""
        self._workers.predict()
        generator = self._generators.next()
        with generator.admit(len(prompts)):
            streams = [self._pieces(prompt, generator) for prompt in prompts]
            async with aclosing(merge(streams, generator.at_once)) as pieces:
                async for number, piece in pieces:
                    yield number, piece

    async def _whole(self, prompts: Sequence[EncodedPrompt], generator: Generator) -> list[GeneratedText]:
        arrived, texts = time.perf_counter(), dict[int, GeneratedText]()

        async def generate(numbered_prompt: tuple[int, EncodedPrompt]) -> None:
            number, prompt = numbered_prompt
            async with aclosing(generator.generate(self._model.continuation(prompt), arrived)) as pieces:
                texts[number] = generated_text(prompt, [piece async for piece in pieces])

        await for_each(enumerate(prompts), generate, min(generator.at_once, len(prompts)))
        return [texts[number] for number in range(len(prompts))]

    async def _pieces(self, prompt: EncodedPrompt, generator: Generator) -> AsyncGenerator[Piece, None]:
        """The generator's stream; the continuation is not created before the first piece is requested."""
        async with aclosing(generator.generate(self._model.continuation(prompt))) as pieces:
            async for piece in pieces:
                yield piece

    async def _off_loop(self, work: Callable[[], _Result]) -> _Result:
        return await asyncio.get_running_loop().run_in_executor(self._workers.text, work)
