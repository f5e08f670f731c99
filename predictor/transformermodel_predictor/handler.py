"""The generalized handler: any task on any engine, for any protocol."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Protocol, Self, TypeVar

from transformermodel_predictor.batching import BatchLimits, Scheduler
from transformermodel_predictor.loading import LoadedModel, regroup
from transformermodel_predictor.tasks.task import InvalidQuestion, Outputs, TensorSpec, Windows

_Result = TypeVar("_Result")

_VERSION_DIGITS = 12


@dataclass(frozen=True)
class Answer:
    """What is answered to one question.

    Attributes:
        fields: the answer by the names of the model's outputs.
        truncated: number of tokens of the question that the model did not see.
    """

    fields: Mapping[str, Any]
    truncated: int


@dataclass(frozen=True)
class ModelMetadata:
    """What clients may know of a model.

    Attributes:
        name: its name in URLs.
        version: first digits of the artifact's digest.
        platform: what runs it.
        inputs: tensors that clients send.
        outputs: tensors that they receive.
        parameters: further facts: task, labels, limits, origin.
    """

    name: str
    version: str
    platform: str
    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]
    parameters: Mapping[str, Any]


@dataclass(frozen=True)
class Workers:
    """The threads besides the event loop: one runs the engines of the device, one works with text.

    One each, because a forward pass uses all cores by itself, and a tokenizer is not safe in several threads.
    """

    engine: ThreadPoolExecutor
    text: ThreadPoolExecutor

    @classmethod
    def start(cls) -> Self:
        """Threads that begin with the first work."""
        return cls(
            engine=ThreadPoolExecutor(max_workers=1, thread_name_prefix="engine"),
            text=ThreadPoolExecutor(max_workers=1, thread_name_prefix="text"),
        )


class Handler(Protocol):
    """A model that many clients ask at once. Knows no protocol."""

    metadata: ModelMetadata

    async def answer(
        self, questions: Sequence[Mapping[str, Any]], parameters: Mapping[str, Any] | None = None
    ) -> list[Answer]:
        """Answer questions, given as named fields, in their order; parameters hold for all of them.

        Raises:
            InvalidQuestion: a question or a parameter cannot be read; the text says which.
            Overloaded: too much waits already.
        """
        ...


class GeneralizedHandler:
    """A loaded model of any encoder task, on any engine. Implements `Handler`."""

    def __init__(self, name: str, model: LoadedModel, workers: Workers, limits: BatchLimits | None = None) -> None:
        self._task = model.task
        self._tokenizer = model.tokenizer
        self._workers = workers
        self._scheduler = Scheduler(model.engine, workers.engine, limits)
        self.metadata = _metadata(name, model)

    async def answer(
        self, questions: Sequence[Mapping[str, Any]], parameters: Mapping[str, Any] | None = None
    ) -> list[Answer]:
        """Answer questions; see `Handler`."""
        read = [self._read(fields, parameters or {}, row) for row, fields in _numbered(questions)]
        with self._scheduler.admit(len(read)):
            windows = await self._off_loop(lambda: self._task.encode(self._tokenizer, read))
            outputs = await self._scheduler.submit([encoding for parts in windows for encoding in parts])
            return await self._off_loop(lambda: self._decode(read, windows, regroup(outputs, windows)))

    def _read(self, fields: Mapping[str, Any], parameters: Mapping[str, Any], row: str) -> object:
        try:
            return self._task.question(fields, parameters)
        except InvalidQuestion as error:
            raise InvalidQuestion(f"{row}{error}") from error

    def _decode(
        self, questions: Sequence[object], windows: Sequence[Windows], outputs: Sequence[Sequence[Outputs]]
    ) -> list[Answer]:
        answers = self._task.decode(questions, windows, outputs)
        return [
            Answer(self._task.fields(answer), sum(part.truncated for part in parts))
            for answer, parts in zip(answers, windows, strict=True)
        ]

    async def _off_loop(self, work: Callable[[], _Result]) -> _Result:
        return await asyncio.get_running_loop().run_in_executor(self._workers.text, work)


def _numbered(questions: Sequence[Mapping[str, Any]]) -> list[tuple[str, Mapping[str, Any]]]:
    """Questions with what an error message calls them; nothing where there is only one."""
    if len(questions) == 1:
        return [("", questions[0])]
    return [(f"row {index}: ", fields) for index, fields in enumerate(questions)]


def _metadata(name: str, model: LoadedModel) -> ModelMetadata:
    manifest = model.artifact.manifest
    return ModelMetadata(
        name=name,
        version=manifest.digest[:_VERSION_DIGITS],
        platform=f"transformers-{manifest.candidate.engine.value.lower()}",
        inputs=model.task.inputs,
        outputs=model.task.outputs,
        parameters={
            "task": model.task.name.value,
            "labels": list(model.task.labels),
            "max_length": model.artifact.configuration.max_length,
            "precision": manifest.candidate.precision.value,
            "commit": manifest.commit,
            "digest": manifest.digest,
        },
    )
