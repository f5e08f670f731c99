"""The generalized handler: any task on any engine, for any protocol."""

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from transformers import PreTrainedTokenizerBase

from transformermodel_api.explanations import Explanations
from transformermodel_predictor.artifact.directory import Artifact
from transformermodel_predictor.batching import BatchLimits, Scheduler
from transformermodel_predictor.batching.turns import Turns
from transformermodel_predictor.explanations.explainer import Explainer
from transformermodel_predictor.explanations.explanation import Explained
from transformermodel_predictor.loading import LoadedModel
from transformermodel_predictor.portions import in_portions
from transformermodel_predictor.tasks.task import EncoderTask, InvalidQuestion, Outputs, Task, TensorSpec, Windows
from transformermodel_predictor.telemetry.observer import Observer
from transformermodel_predictor.workers import Workers

QuestionMade = TypeVar("QuestionMade")

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

    @property
    def explanation_facts(self) -> Mapping[str, Any] | None:
        """What may be asked of `explain`, for metadata; None where answers are not explained."""
        ...

    async def explain(
        self, questions: Sequence[Mapping[str, Any]], parameters: Mapping[str, Any] | None = None
    ) -> list[Explained]:
        """Answer questions and explain the answers; parameters are those of `answer` and of explanations.

        Raises:
            NotExplained: answers are not explained here.
            InvalidQuestion: a question or a parameter cannot be read, there is no such target, or the method cannot be
                had for this model; the text says which, and what is possible.
            Overloaded: too much waits already.
        """
        ...


class TaskCodec:
    """A task and its tokenizer, as schedulers use them. Implements `Codec`.

    Args:
        task: what is done with the questions.
        tokenizer: the model's; used by one thread at a time.
    """

    def __init__(self, task: EncoderTask[Any, Any], tokenizer: PreTrainedTokenizerBase) -> None:
        self._task = task
        self._tokenizer = tokenizer
        self.tokenizing = threading.Lock()
        """Held while the tokenizer is used."""

    def encode(self, questions: Sequence[Any]) -> list[Windows]:
        """Tokenize the task's questions."""
        with self.tokenizing:
            return self._task.encode(self._tokenizer, questions)

    def decode(
        self, questions: Sequence[Any], windows: Sequence[Windows], outputs: Sequence[Sequence[Outputs]]
    ) -> list[Answer]:
        """Answers with named fields, and what was truncated."""
        answers = self._task.decode(questions, windows, outputs)
        return [
            Answer(self._task.fields(answer), sum(part.truncated for part in parts))
            for answer, parts in zip(answers, windows, strict=True)
        ]


class GeneralizedHandler:
    """A loaded model of any encoder task, on any engine. Implements `Handler`.

    Args:
        name: the model's name in URLs.
        model: what answers.
        workers: the server's threads.
        limits: bounds of a step, and of what may wait.
        observer: who is told what happens.
        explanations: how answers may be explained, where it is said.
    """

    def __init__(
        self,
        name: str,
        model: LoadedModel,
        workers: Workers,
        limits: BatchLimits | None = None,
        observer: Observer | None = None,
        explanations: Explanations | None = None,
    ) -> None:
        self._task = model.task
        self._workers = workers
        codec = TaskCodec(model.task, model.tokenizer)
        self._explainer = Explainer(model, model.engine, workers, codec.tokenizing, explanations, observer)
        self._schedulers: Turns[Scheduler[Any, Answer]] = Turns(
            [
                Scheduler(codec, engine, workers.of_replica(index), limits, observer)
                for index, engine in enumerate((model.engine, *model.replicas))
            ]
        )
        self.metadata = metadata_of(name, model.artifact, model.task)

    async def answer(
        self, questions: Sequence[Mapping[str, Any]], parameters: Mapping[str, Any] | None = None
    ) -> list[Answer]:
        """Answer questions; see `Handler`."""
        self._workers.predict()
        read = await read_questions(self._task.question, questions, parameters or {})
        try:
            return await self._schedulers.next().answer(read)
        except InvalidQuestion as error:  # its length is known only now
            rows = [
                row for (row, _), question in zip(numbered(questions), read, strict=True) if question is error.question
            ]
            raise InvalidQuestion(f"{rows[0] if rows else ''}{error}") from error

    @property
    def explanation_facts(self) -> Mapping[str, Any] | None:
        """What may be asked of `explain`; see `Handler`."""
        return self._explainer.facts

    async def explain(
        self, questions: Sequence[Mapping[str, Any]], parameters: Mapping[str, Any] | None = None
    ) -> list[Explained]:
        """Answer questions and explain the answers; see `Handler`."""
        request = self._explainer.read(parameters or {})
        read = await read_questions(self._task.question, questions, request.parameters)
        return await self._explainer.explain(read, request)


async def read_questions(
    read: Callable[[Mapping[str, Any], Mapping[str, Any]], QuestionMade],
    questions: Sequence[Mapping[str, Any]],
    parameters: Mapping[str, Any],
) -> list[QuestionMade]:
    """A request's questions as its task reads them, in portions between which others are answered.

    Raises:
        InvalidQuestion: a question cannot be read; the text says which.
    """
    made: list[QuestionMade] = []
    async for row, fields in in_portions(numbered(questions)):
        try:
            made.append(read(fields, parameters))
        except InvalidQuestion as error:
            raise InvalidQuestion(f"{row}{error}") from error
    return made


def numbered(questions: Sequence[Mapping[str, Any]]) -> list[tuple[str, Mapping[str, Any]]]:
    """Questions with what an error message calls them; nothing where there is only one."""
    if len(questions) == 1:
        return [("", questions[0])]
    return [(f"row {index}: ", fields) for index, fields in enumerate(questions)]


def metadata_of(name: str, artifact: Artifact, task: Task[Any, Any]) -> ModelMetadata:
    """What clients may know of a model that is served under a name."""
    manifest = artifact.manifest
    return ModelMetadata(
        name=name,
        version=manifest.digest[:_VERSION_DIGITS],
        platform=f"transformers-{manifest.candidate.engine.value.lower()}",
        inputs=task.inputs,
        outputs=task.outputs,
        parameters={
            "task": task.name.value,
            "labels": list(task.labels),
            "max_length": artifact.configuration.max_length,
            "precision": manifest.candidate.precision.value,
            "commit": manifest.commit,
            "digest": manifest.digest,
        },
    )
