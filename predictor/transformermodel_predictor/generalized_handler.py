"""The generalized handler: any task that needs one forward pass, on any engine, whatever the protocol."""

import threading
from collections.abc import Mapping, Sequence
from typing import Any

from transformers import PreTrainedTokenizerBase

from transformermodel_api.explanations import Explanations
from transformermodel_predictor.batching import BatchLimits, Scheduler
from transformermodel_predictor.batching.turns import Turns
from transformermodel_predictor.explanations.explainer import Explainer
from transformermodel_predictor.explanations.explanation import Explained
from transformermodel_predictor.handler import Answer, metadata_of, numbered, read_questions
from transformermodel_predictor.loading import LoadedModel
from transformermodel_predictor.tasks.task import EncoderTask, InvalidQuestion, Outputs, Windows
from transformermodel_predictor.telemetry.observer import Observer
from transformermodel_predictor.workers import Workers


class TaskCodec:
    """A task with its tokenizer. Implements `Codec`.

    Args:
        task: encodes questions and decodes outputs.
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
        """Answers with named fields and the number of truncated tokens."""
        answers = self._task.decode(questions, windows, outputs)
        return [
            Answer(self._task.fields(answer), sum(part.truncated for part in parts))
            for answer, parts in zip(answers, windows, strict=True)
        ]


class GeneralizedHandler:
    """Serves a loaded model of any encoder task, on any engine. Implements `Handler`.

    Args:
        name: the model's name in URLs.
        model: the loaded model.
        workers: the server's threads.
        limits: limits on the size of a step and on waiting rows.
        observer: receives queue times, step sizes and phase times.
        explanations: whether and how answers may be explained; the defaults when None.
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
        except InvalidQuestion as error:  # found while tokenizing, such as a question that is too long
            rows = [
                row for (row, _), question in zip(numbered(questions), read, strict=True) if question is error.question
            ]
            raise InvalidQuestion(f"{rows[0] if rows else ''}{error}") from error

    @property
    def explanation_facts(self) -> Mapping[str, Any] | None:
        """The methods, targets and limits of `explain`; see `Handler`."""
        return self._explainer.facts

    async def explain(
        self, questions: Sequence[Mapping[str, Any]], parameters: Mapping[str, Any] | None = None
    ) -> list[Explained]:
        """Answer questions and explain the answers; see `Handler`."""
        request = self._explainer.read(parameters or {})
        read = await read_questions(self._task.question, questions, request.parameters)
        await self._explainer.require(read, request)
        return await self._explainer.explain(read, request)
