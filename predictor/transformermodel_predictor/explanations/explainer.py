"""Explains the answers of one model that serves."""

import asyncio
import json
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

import torch
from transformers import PreTrainedTokenizerBase

from transformermodel_api.errors import UserError
from transformermodel_api.explanations import Explanations
from transformermodel_predictor.artifact.directory import Artifact
from transformermodel_predictor.artifact.twin import differentiable_folder
from transformermodel_predictor.batching.limits import Admission
from transformermodel_predictor.engines.engine import Engine
from transformermodel_predictor.explanations.differentiable import Differentiable, find_differentiable
from transformermodel_predictor.explanations.driving import results_of
from transformermodel_predictor.explanations.explaining import Subject, explaining, require_few
from transformermodel_predictor.explanations.explanation import GRADIENT_METHODS, Baseline, Explained, Method
from transformermodel_predictor.explanations.facts import explanation_facts
from transformermodel_predictor.explanations.offered import Offered
from transformermodel_predictor.explanations.probes import Frame
from transformermodel_predictor.explanations.queue import ExplanationQueue
from transformermodel_predictor.explanations.request import PARAMETER_NAMES, ExplanationRequest, read_request
from transformermodel_predictor.explanations.rows import Result, Row
from transformermodel_predictor.explanations.settings import ExplanationSettings, NotExplained
from transformermodel_predictor.explanations.tasks.catalogue import explainable
from transformermodel_predictor.explanations.tools import Tools, stand_ins_of
from transformermodel_predictor.handler import numbered
from transformermodel_predictor.portions import in_portions
from transformermodel_predictor.tasks.catalogue import AnyTask
from transformermodel_predictor.tasks.parameters import refuse_unknown
from transformermodel_predictor.tasks.task import InvalidQuestion, Windows
from transformermodel_predictor.telemetry.observer import Observer, Unobserved
from transformermodel_predictor.workers import Workers


class Explainable(Protocol):
    """A loaded model, as far as it matters here."""

    @property
    def artifact(self) -> Artifact:
        """What it was loaded from."""
        ...

    @property
    def task(self) -> AnyTask:
        """What it does."""
        ...

    @property
    def tokenizer(self) -> PreTrainedTokenizerBase:
        """What it reads with."""
        ...

    @property
    def device(self) -> torch.device:
        """Where it runs, its first replica."""
        ...


class Explainer:
    """Explains many answers beside predictions. Used from one event loop.

    Its differentiable twin is loaded when the first gradient is asked for: it costs as much memory as the weights in
    float32, which models that nobody explains are not to pay.

    Args:
        model: what is explained.
        engine: what serves, and says the logits of whole sequences.
        workers: the server's threads.
        tokenizing: held while the tokenizer is used, here and by whoever else uses it.
        explanations: what may be asked for, and how is explained where a request does not say it; the rest is the
            task's.
        observer: told how long each piece of work took.
    """

    def __init__(
        self,
        model: Explainable,
        engine: Engine,
        workers: Workers,
        tokenizing: threading.Lock,
        explanations: Explanations | None = None,
        observer: Observer | None = None,
    ) -> None:
        observer = observer or Unobserved()
        settings = ExplanationSettings.of(explanations or Explanations(), model.task.name)
        self._model = model
        self._task = explainable(model.task)
        self._tokenizing = tokenizing
        self._engine = engine
        self._tools = Tools(stand_ins_of(model.tokenizer, _model_type(differentiable_folder(model.artifact.path))))
        self._settings = settings
        self._admission = Admission(settings.admitted, "explanations")
        self._queue = ExplanationQueue(
            self._run, workers.engine, lambda: workers.predicting, lambda seconds: observer.phase("explain", seconds)
        )
        self._loading = workers.loading
        self._pause = workers.engine.give_way
        self._finding: asyncio.Future[Differentiable] | None = None
        self._differentiable: Differentiable | None = None

    @property
    def facts(self) -> Mapping[str, Any] | None:
        """What may be asked for, as metadata has it; None where answers are not explained.

        Methods with gradients prove themselves when one of them is first asked for; until then all of them count.
        """
        offered = self._offered
        return explanation_facts(self._settings, {method: offered.baselines(method) for method in offered.methods})

    def read(self, parameters: Mapping[str, Any]) -> ExplanationRequest:
        """What a request's parameters say.

        Raises:
            NotExplained: answers are not explained here.
            InvalidQuestion: a parameter is known neither here nor to the task, or not what it should be.
        """
        if not self._settings.enabled:
            raise NotExplained("explanations are switched off for this model (spec.predictor.explanations.enabled)")
        known = dict.fromkeys((*PARAMETER_NAMES, *self._model.task.parameter_names))
        refuse_unknown("parameter", parameters, list(known))
        return read_request(self._model.task.name, parameters, self._settings.defaults, self._settings.limits)

    async def require(self, asked: Sequence[Any], request: ExplanationRequest) -> None:
        """Refuse what can be known to be impossible before any question is answered, or any method runs.

        Methods with gradients prove themselves here, where nobody has asked for them yet.

        Args:
            asked: the task's own questions.
            request: what is wanted of all of them.

        Raises:
            InvalidQuestion: no answer to a question can have such a target, there are too many, or the method cannot be
                had for this model.
            Overloaded: too much waits already.
        """
        with self._admission.admit(len(asked)):
            async for row, question in in_portions(numbered(asked)):
                try:
                    require_few(self._task.foreseen(question, request.target), self._settings.targets)
                except InvalidQuestion as error:
                    raise InvalidQuestion(f"{row}{error}") from error
            await self._tools_for(request)

    async def explain(self, questions: Sequence[Any], request: ExplanationRequest) -> list[Explained]:
        """Answer questions and explain the answers, in their order.

        Args:
            questions: the task's own; for generation the texts that were generated.
            request: what is wanted of all of them.

        Raises:
            InvalidQuestion: a question has no such target, or the method cannot be had for this model.
            Overloaded: too much waits already.
        """
        with self._admission.admit(len(questions)):
            tools = await self._tools_for(request)
            begun = (self._explain(*asked, request, tools) for asked in numbered(questions))
            tasks = [asyncio.ensure_future(one) for one in begun]
            try:
                return await asyncio.gather(*tasks)
            finally:
                for task in tasks:
                    task.cancel()

    async def _explain(
        self,
        row: str,
        question: Any,  # noqa: ANN401 - the task's own
        request: ExplanationRequest,
        tools: Tools,
    ) -> Explained:
        subject = Subject(question, request.target, request.ways, self._settings.targets)
        try:
            return await self._queue.explain(explaining(self._task, self._encode, tools, subject))
        except InvalidQuestion as error:
            raise InvalidQuestion(f"{row}{error}") from error

    async def _tools_for(self, request: ExplanationRequest) -> Tools:
        """What the methods need; with the twin's embeddings where one of them needs gradients."""
        for options in request.ways:
            self._offered.require(options)
        with_gradients = [options for options in request.ways if options.method in GRADIENT_METHODS]
        if not with_gradients:
            return self._tools
        if self._finding is None:
            self._finding = asyncio.get_running_loop().run_in_executor(self._loading, self._find_differentiable)
        found = self._differentiable = await asyncio.shield(self._finding)
        for options in with_gradients:
            await self._try(found.offered, options.method, options.baseline)
            found.offered.require(options)
        return self._tools if found.twin is None else Tools(self._tools.stand_ins, found.twin.embed)

    async def _try(self, offered: Offered, method: Method, baseline: Baseline) -> None:
        """Let a method with gradients prove itself when it is first asked for."""
        if offered.untried(method, baseline):
            try:
                await self._queue.explain(offered.trial(method, baseline))
            except Exception as error:  # noqa: BLE001 - it is raised again unless it says that the method does not work
                offered.failed(method, baseline, error)

    @property
    def _offered(self) -> Offered:
        """What works, as far as is known."""
        return Offered(self._tools) if self._differentiable is None else self._differentiable.offered

    def _encode(self, question: Any) -> Windows:  # noqa: ANN401 - the task's own
        with self._reading():
            (windows,) = self._task.encode(self._model.tokenizer, [question])
        return windows

    @contextmanager
    def _reading(self) -> Iterator[None]:
        """Use the tokenizer.

        Raises:
            NotExplained: it does not know where its tokens stand.
        """
        with self._tokenizing:
            try:
                yield
            except UserError as error:
                raise NotExplained(f"answers of this model cannot be explained: {error}") from error

    def _find_differentiable(self) -> Differentiable:
        model = self._model
        with self._reading():
            frame = Frame.of(model.tokenizer)
        return find_differentiable(model.artifact, model.task, self._tools, frame, model.device, self._pause)

    def _run(self, rows: Sequence[Row]) -> list[Result]:
        return results_of(rows, self._engine, self._differentiable.twin if self._differentiable else None)


def _model_type(directory: Path) -> str:
    """What config.json says; nothing where there is none, as of a traced graph that was given."""
    try:
        document = json.loads((directory / "config.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        return ""
    return str(document.get("model_type", ""))
