"""Explains the answers of one served model."""

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
from transformermodel_predictor.explanations.available_methods import AvailableMethods
from transformermodel_predictor.explanations.driving import run_rows
from transformermodel_predictor.explanations.explaining import Subject, explain_question, require_few
from transformermodel_predictor.explanations.explanation import GRADIENT_METHODS, Baseline, Explained, Method
from transformermodel_predictor.explanations.facts import explanation_facts
from transformermodel_predictor.explanations.model_access import ModelAccess, baseline_tokens_of
from transformermodel_predictor.explanations.model_twin import ModelTwin, load_model_twin
from transformermodel_predictor.explanations.probes import Frame
from transformermodel_predictor.explanations.queue import ExplanationQueue
from transformermodel_predictor.explanations.request import PARAMETER_NAMES, ExplanationRequest, read_request
from transformermodel_predictor.explanations.rows import Result, Row
from transformermodel_predictor.explanations.settings import ExplanationSettings, NotExplained
from transformermodel_predictor.explanations.tasks.catalogue import explainable
from transformermodel_predictor.handler import numbered
from transformermodel_predictor.portions import in_portions
from transformermodel_predictor.tasks.catalogue import AnyTask
from transformermodel_predictor.tasks.parameters import refuse_unknown
from transformermodel_predictor.tasks.task import InvalidQuestion, Windows
from transformermodel_predictor.telemetry.observer import Observer, Unobserved
from transformermodel_predictor.workers import Workers


class Explainable(Protocol):
    """What explanations need of a loaded model."""

    @property
    def artifact(self) -> Artifact:
        """The artifact it was loaded from."""
        ...

    @property
    def task(self) -> AnyTask:
        """Its task."""
        ...

    @property
    def tokenizer(self) -> PreTrainedTokenizerBase:
        """Its tokenizer."""
        ...

    @property
    def device(self) -> torch.device:
        """The device of its first replica."""
        ...


class Explainer:
    """Explains many answers concurrently with predictions. Used from one event loop.

    The differentiable twin is loaded on the first request for a gradient method: it takes as much memory as the weights
    in float32, which models that nobody explains should not pay.

    Args:
        model: the model to explain.
        engine: the serving engine, which returns the logits of whole sequences.
        workers: the server's threads.
        tokenizing: held while the tokenizer is used, here and elsewhere.
        explanations: spec.predictor.explanations: limits, and defaults for what requests leave open.
        observer: notified of the duration of each piece of work.
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
        self._access = ModelAccess(
            baseline_tokens_of(model.tokenizer, _model_type(differentiable_folder(model.artifact.path)))
        )
        self._settings = settings
        self._admission = Admission(settings.admitted, "explanations")
        self._queue = ExplanationQueue(
            self._run, workers.engine, lambda: workers.predicting, lambda seconds: observer.phase("explain", seconds)
        )
        self._loading = workers.loading
        self._pause = workers.engine.give_way
        self._twin_loading: asyncio.Future[ModelTwin] | None = None
        self._twin: ModelTwin | None = None

    @property
    def facts(self) -> Mapping[str, Any] | None:
        """The explanations section of the model's metadata; None where explanations are disabled.

        Gradient methods are tried on their first request; until then all of them are listed.
        """
        available = self._available
        return explanation_facts(self._settings, {method: available.baselines(method) for method in available.methods})

    def read(self, parameters: Mapping[str, Any]) -> ExplanationRequest:
        """Parse a request's parameters.

        Raises:
            NotExplained: explanations are disabled.
            InvalidQuestion: a parameter is unknown or invalid.
        """
        if not self._settings.enabled:
            raise NotExplained("explanations are switched off for this model (spec.predictor.explanations.enabled)")
        known = dict.fromkeys((*PARAMETER_NAMES, *self._model.task.parameter_names))
        refuse_unknown("parameter", parameters, list(known))
        return read_request(self._model.task.name, parameters, self._settings.defaults, self._settings.limits)

    async def require(self, asked: Sequence[Any], request: ExplanationRequest) -> None:
        """Refuse impossible requests before any question is answered or any method runs.

        Gradient methods are tried here if this is their first request.

        Args:
            asked: of the task's own type.
            request: for all questions.

        Raises:
            InvalidQuestion: no answer can have such a target, there are too many targets, or the method is not
                available for this model.
            Overloaded: too many explanations are waiting.
        """
        with self._admission.admit(len(asked)):
            async for row, question in in_portions(numbered(asked)):
                try:
                    require_few(self._task.minimum_targets(question, request.target), self._settings.targets)
                except InvalidQuestion as error:
                    raise InvalidQuestion(f"{row}{error}") from error
            await self._access_for(request)

    async def explain(self, questions: Sequence[Any], request: ExplanationRequest) -> list[Explained]:
        """Answer questions and explain the answers, in order.

        Args:
            questions: of the task's own type; for generation the generated texts.
            request: for all questions.

        Raises:
            InvalidQuestion: an answer has no such target, or the method is not available for this model.
            Overloaded: too many explanations are waiting.
        """
        with self._admission.admit(len(questions)):
            access = await self._access_for(request)
            tasks = [
                asyncio.ensure_future(self._explain(row, question, request, access))
                for row, question in numbered(questions)
            ]
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
        access: ModelAccess,
    ) -> Explained:
        subject = Subject(question, request.target, request.method_options, self._settings.targets)
        try:
            return await self._queue.explain(explain_question(self._task, self._encode, access, subject))
        except InvalidQuestion as error:
            raise InvalidQuestion(f"{row}{error}") from error

    async def _access_for(self, request: ExplanationRequest) -> ModelAccess:
        """The model as the request's methods need it: with the twin's embeddings if one of them needs gradients."""
        for options in request.method_options:
            self._available.require(options)
        gradient_options = [options for options in request.method_options if options.method in GRADIENT_METHODS]
        if not gradient_options:
            return self._access
        if self._twin_loading is None:
            self._twin_loading = asyncio.get_running_loop().run_in_executor(self._loading, self._load_twin)
        loaded = self._twin = await asyncio.shield(self._twin_loading)
        for options in gradient_options:
            await self._try(loaded.methods, options.method, options.baseline)
            loaded.methods.require(options)
        return self._access if loaded.twin is None else ModelAccess(self._access.baseline_tokens, loaded.twin.embed)

    async def _try(self, methods: AvailableMethods, method: Method, baseline: Baseline) -> None:
        """Try a gradient method on its first request."""
        if methods.untried(method, baseline):
            try:
                await self._queue.explain(methods.trial(method, baseline))
            except Exception as error:  # noqa: BLE001 - raised again unless it means that the method does not work
                methods.record_failure(method, baseline, error)

    @property
    def _available(self) -> AvailableMethods:
        """The methods that work, as far as is known yet."""
        return AvailableMethods(self._access) if self._twin is None else self._twin.methods

    def _encode(self, question: Any) -> Windows:  # noqa: ANN401 - the task's own
        with self._tokenizer_lock():
            (windows,) = self._task.encode(self._model.tokenizer, [question])
        return windows

    @contextmanager
    def _tokenizer_lock(self) -> Iterator[None]:
        """Use the tokenizer, exclusively.

        Raises:
            NotExplained: it cannot map its tokens to offsets in the text.
        """
        with self._tokenizing:
            try:
                yield
            except UserError as error:
                raise NotExplained(f"answers of this model cannot be explained: {error}") from error

    def _load_twin(self) -> ModelTwin:
        model = self._model
        with self._tokenizer_lock():
            frame = Frame.of(model.tokenizer)
        return load_model_twin(model.artifact, model.task, self._access, frame, model.device, self._pause)

    def _run(self, rows: Sequence[Row]) -> list[Result]:
        return run_rows(rows, self._engine, self._twin.twin if self._twin else None)


def _model_type(directory: Path) -> str:
    """`model_type` in config.json; empty where there is no such file, as beside a traced graph from the user."""
    try:
        document = json.loads((directory / "config.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        return ""
    return str(document.get("model_type", ""))
